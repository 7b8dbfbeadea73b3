"""Coalitions of prosumers: what sharing is worth, who gets what of it, and whether it holds."""
