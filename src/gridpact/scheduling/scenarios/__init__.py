"""Schedules for a future that is not known: paths, margins, and what not knowing costs."""
