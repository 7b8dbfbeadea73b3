"""Needs that stand in a run: stated, withdrawn, and bound to the plans of the day."""
