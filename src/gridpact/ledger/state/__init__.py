"""What a ledger's entries have come to, and what may come next. Pure functions of the entries."""
