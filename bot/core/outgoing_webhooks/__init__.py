"""Outgoing webhooks: what becomes of deployments, told to programs of other people."""
