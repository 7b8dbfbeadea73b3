"""Agreements: contracts that people sign, and what becomes of them until all is settled."""
