"""Matching by price and by what buyers prefer beside it: green, a partner, nearness."""
