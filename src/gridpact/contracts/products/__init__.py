"""Products: plain functions that return contracts. What is signed is their expansion."""
