"""The declarations of the commands, a family a file: their words, their help, and how they are read and written."""
