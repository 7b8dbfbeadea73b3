"""Composition, command line and report."""
