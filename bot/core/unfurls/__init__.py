"""Unfurling: what is shown below a message with links to the bot's own pages."""
