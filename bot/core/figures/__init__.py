"""The four delivery figures: how often, how fast, how well, and how soon it is well again."""
