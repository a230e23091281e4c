"""What handlers gather with: which target is meant, what its gates need to know, and who may do what."""
