"""Orders, books and gates."""
