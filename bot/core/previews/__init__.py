"""Previews: an environment of its own for each pull request, made and removed with it."""
