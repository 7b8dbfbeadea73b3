"""Delivery of flexibility: orders as people write them, and what came of them."""
