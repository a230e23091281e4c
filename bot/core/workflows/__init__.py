"""Workflows of GitHub Actions that carry a deployment out: what is sent to them, which run is ours, how it ended."""
