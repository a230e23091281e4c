"""The gallery: every message of the bot with made-up content, for those who look at them, and for tests and Slack."""
