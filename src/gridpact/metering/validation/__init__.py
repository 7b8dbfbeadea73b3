"""Validation of readings: named, versioned rules over columns of channels and slots."""
