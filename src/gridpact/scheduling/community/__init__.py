"""A community's problem as a fleet: homes become the smallest zones, and the answer a plan."""
