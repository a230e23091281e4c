"""The bot in a terminal: console and keyboard, the conversation, and the simulated world around it."""
