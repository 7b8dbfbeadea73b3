"""Whether an owner's needs can all hold: decided and measured by a linear programme."""
