"""Schedules: what is deployed at its moment, and what is said of it."""
