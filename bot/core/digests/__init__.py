"""What a channel is told each morning of its apps, and reminders of what waits to be deployed."""
