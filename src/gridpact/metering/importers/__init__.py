"""Readers of measured data files: CSV and Parquet into whole numbers on UTC slots."""
