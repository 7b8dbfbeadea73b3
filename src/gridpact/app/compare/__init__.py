"""Mechanisms beside each other: on the same orders, and in whole runs of the same scenario."""
