"""Readings to shared energy: a community's rules from a file, its allocation, its coefficients."""
