"""Rolling operation: schedules made anew on a timer and on events, between sessions."""
