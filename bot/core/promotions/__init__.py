"""Carrying a commit on from one environment to the next."""
