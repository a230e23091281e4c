"""Heroku's Platform API: the client, what its answers mean, and the streams of output."""
