"""People: who is who, who may do what, and what is said of it."""
