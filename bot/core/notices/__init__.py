"""Notices: direct messages that tell authors where their pull requests are live."""
