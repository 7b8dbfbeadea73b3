"""The same month of work on one ledger and another: what each takes, and whom one must trust."""
