"""Markets that keep the limits of a grid: zones, feeders, transformers and meshed networks."""
