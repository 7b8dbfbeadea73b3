"""Composition, command line and report: the one room that knows everybody."""
