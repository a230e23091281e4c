"""Publications: what is written on the forge about what was deployed: comments, labels and releases."""
