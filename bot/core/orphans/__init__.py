"""Orphans: what waits, runs or stands in a place that the settings no longer name, and what is said of it."""
