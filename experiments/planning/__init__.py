"""The best use of the staff there are, and the least staff that a target takes."""
