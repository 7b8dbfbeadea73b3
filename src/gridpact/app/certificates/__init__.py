"""Registers of guarantees of origin: their folder, their readings, and what is told of them."""
