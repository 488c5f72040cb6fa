"""From what a user typed to one checked configuration."""
