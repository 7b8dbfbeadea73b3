"""Scenarios, homes, weather and devices that behave like real ones, faults included."""
