"""Exact answers the simulation must reproduce, worked out without simulating."""
