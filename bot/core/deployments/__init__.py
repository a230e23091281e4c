"""Deployments: what one is, how it goes on, and what is said of it."""
