"""Locks: who holds an environment, how that goes on, and what is said of it."""
