"""Commits as the git command fetches them: with their history, from wherever they are."""
