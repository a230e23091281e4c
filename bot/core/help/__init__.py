"""Help: what may be typed, in the words of the place where somebody asks, and what is said of it."""
