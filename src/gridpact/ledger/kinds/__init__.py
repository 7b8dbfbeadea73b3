"""What goes on the ledger, by family: one frozen struct for each kind of entry."""
