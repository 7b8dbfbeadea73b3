"""Contracts in, prices out: obligations become limits of a fleet, its costs become offers."""
