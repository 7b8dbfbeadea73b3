"""Units, slots, rounding, identifiers and errors; imports no other room."""
