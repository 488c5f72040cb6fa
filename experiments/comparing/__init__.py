"""Systems, or ways to change, side by side: what differs, by how much, and why."""
