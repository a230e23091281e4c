"""Threads: what a command means by the deployment under which it is given, and what is asked where that is unclear."""
