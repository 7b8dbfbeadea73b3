"""Needs become a problem, a problem becomes a schedule."""
