"""A billing period from readings to lines: rules as values, energy by source, clauses, taxes."""
