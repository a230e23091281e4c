"""What the bot needs of the world, in its own words; adapters implement it."""
