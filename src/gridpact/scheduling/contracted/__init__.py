"""Agreements that members signed, and what they ask of the plans of a day."""
