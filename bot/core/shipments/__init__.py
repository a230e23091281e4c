"""Merging a pull request, and deploying the merge."""
