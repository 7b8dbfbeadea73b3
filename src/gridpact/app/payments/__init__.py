"""Payment orders for banks: credit transfers and direct debits of SEPA."""
