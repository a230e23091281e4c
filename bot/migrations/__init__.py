"""How the tables came to be what ``bot.adapters.schema`` says."""
