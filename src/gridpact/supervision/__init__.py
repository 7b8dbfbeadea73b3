"""Limits and alarms."""
