"""Orders over several slots: all-or-nothing, linked, exclusive; cleared with hourly orders."""
