"""Readings: validated, completed at the cut-off, estimated where they must be."""
