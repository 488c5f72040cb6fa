"""A second model of a small pathway, written to be read and not to be fast, to hold the engine against."""
