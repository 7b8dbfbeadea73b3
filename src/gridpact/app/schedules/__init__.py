"""Schedules of a community made by the fleet engine: posed, solved, kept, shown and audited."""
