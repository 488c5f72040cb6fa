"""What can be looked at: results folders, sweeps and runs under way, as the tables that the pages show."""
