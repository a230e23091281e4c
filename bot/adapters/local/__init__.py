"""A git repository on this machine in the place of GitHub."""
