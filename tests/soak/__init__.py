"""Long trials, run by hand: see the section on sweeps in README.md."""
