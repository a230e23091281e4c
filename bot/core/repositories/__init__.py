"""Repositories that are renamed or transferred: which is which, and what is said of it."""
