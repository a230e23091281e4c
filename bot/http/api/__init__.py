"""The API: what programs may ask over HTTP, checked, stored, and answered when it is decided."""
