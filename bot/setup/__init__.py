"""The set-up that does itself: asks for what is missing, makes the two apps, and checks everything."""
