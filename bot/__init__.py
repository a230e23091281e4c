"""What the bot is: its settings, its core, its adapters and its processes."""

__version__ = "0.1.0"
