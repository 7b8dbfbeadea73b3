"""Contracts of many kinds for a benchmark: as terms, by hand in NumPy, and walked slot by slot."""
