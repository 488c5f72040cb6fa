"""What is modelled, to read; and whether it is sound."""
