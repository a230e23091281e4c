"""Outages by refused credentials of the bot's own: which there are, and what is said of them."""
