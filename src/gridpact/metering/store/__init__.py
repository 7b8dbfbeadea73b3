"""The store of readings: every version of every value, as Parquet parts by community and day."""
