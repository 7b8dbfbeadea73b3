"""From needs to the rows of a fleet: bounds, limits, runs, and which need each comes from."""
