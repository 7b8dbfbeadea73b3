"""The ledger on a chain of authorities: contracts, and the adapter that speaks to them."""
