"""Looking for personal data, and for hashes of it, in everything that a ledger leaves."""
