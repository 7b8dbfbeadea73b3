"""Allocation keys, imbalance, statements and bills."""
