"""Settlement runs: initial, revised and final, and what corrects one by another."""
