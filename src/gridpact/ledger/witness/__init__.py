"""Others who follow a ledger, hold it to what they saw before, and say so over their own names."""
