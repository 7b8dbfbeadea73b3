"""Proofs as files: from one's own data to what an authority signed, checked by anybody alone."""
