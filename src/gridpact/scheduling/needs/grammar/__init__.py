"""A small fixed grammar: a sentence to a need, and a need to its sentence."""
