"""The board: what is where, of all apps, drawn for one person on the home tab."""
