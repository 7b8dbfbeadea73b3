"""Readings signed where they are measured: Ed25519, a sequence and a chain of hashes."""
