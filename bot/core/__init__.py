"""The part that decides. It imports the standard library and itself only."""
