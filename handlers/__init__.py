"""What the bot does: one file per feature, each with a module-level ``router``."""
