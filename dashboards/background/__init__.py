"""Runs in the background: started from a page, bounded in number, ended with their tab."""
