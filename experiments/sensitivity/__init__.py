"""What an answer hangs on: effects, indices, switching values, the worth of better information."""
