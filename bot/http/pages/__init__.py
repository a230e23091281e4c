"""Pages for people: drawn on the server, shown to whoever has a signed link or is signed in, and to nobody else."""
