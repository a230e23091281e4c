"""Freezes and windows: when an environment is closed, and what is said of it."""
