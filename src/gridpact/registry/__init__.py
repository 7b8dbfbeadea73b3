"""Participants, metering points, assets, zones and tariffs of a community."""
