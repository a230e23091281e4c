"""The HTTP API: who may ask for what, and what is answered to programs."""
