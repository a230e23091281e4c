"""Merges that nothing deploys by itself: announced by one card, from which they can be deployed."""
