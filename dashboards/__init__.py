"""The dashboard: results looked at in a browser, on this machine alone.

Data flows one way: the dashboard reads what the commands wrote, or runs what the commands would run, and shows
it. It works out no measure of its own that a command prints too.
"""
