"""Activations of zones in a run that waits: asked for, tried beforehand, told by asset."""
