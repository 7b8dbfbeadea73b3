"""Accounts of a community in double entry: no balance changes but by a balanced transfer."""
