"""Flexibility delivered: baselines by name, delivery against orders, availability, penalties.

Energy is net withdrawal in Wh, positive from the grid, as in UFTP; all functions are pure.
"""
