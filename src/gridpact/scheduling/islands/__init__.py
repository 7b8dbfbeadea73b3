"""A microgrid on its own: shedding by value, survival, transition, black start, emissions."""
