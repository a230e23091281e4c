"""Time: moments in the words of people, and the jobs of the clock."""
