"""Edges to data files and devices."""
