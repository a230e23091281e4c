"""What can happen: what arrives from outside, and what the bot tells itself."""
