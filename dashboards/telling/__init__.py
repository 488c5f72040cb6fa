"""A story told to a board, screen by screen."""
