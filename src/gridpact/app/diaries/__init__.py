"""Diaries of a run: read, decided about, and written for devices and calendars."""
