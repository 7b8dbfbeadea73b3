"""Readings of files into stores, and what people look up there."""
