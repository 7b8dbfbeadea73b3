"""Flexibility markets: offers of power that may be called, selected by cost and by effect."""
