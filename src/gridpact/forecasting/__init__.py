"""Forecasts of load and solar power with quantiles."""
