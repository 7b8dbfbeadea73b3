"""Needs as people give them to a run that waits, and the book of a run read back."""
