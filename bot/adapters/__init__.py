"""The part that talks to the world: one module per foreign thing, and only it imports that thing."""
