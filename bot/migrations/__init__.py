"""How the tables came to be what ``bot.adapters.storage.tables`` says."""
