"""What answers HTTP: the webhook listener, health and metrics."""
