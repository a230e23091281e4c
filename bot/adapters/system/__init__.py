"""This machine: its processes, directories and environment variables."""
