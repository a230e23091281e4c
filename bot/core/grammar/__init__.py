"""What people may type: one declaration for each command, and the parser that they make."""
