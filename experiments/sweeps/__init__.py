"""Many configurations at once: design points x replications, written down as they end."""
