"""Estimation of readings by named, versioned methods; what is estimated says so."""
