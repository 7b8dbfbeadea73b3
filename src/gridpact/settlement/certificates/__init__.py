"""Guarantees of origin: proven energy becomes certificates, which are held, moved and used up."""
