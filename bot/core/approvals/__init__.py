"""Approvals: who approves what, and what is said of it."""
