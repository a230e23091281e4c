"""The audit: who decided what, and what is said of it."""
