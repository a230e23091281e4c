"""What is counted of the bot's own work, for monitors."""
