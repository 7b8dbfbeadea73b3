"""Clock, messages, journal, loop and replay: the one place that decides what happens next."""
