"""Names of the files that a run writes for other programs."""

STATEMENTS, BILLS, BILLS_JSON = "statements.csv", "bills.csv", "bills.json"
READINGS, SCHEDULES, TRADES = "readings.parquet", "schedules.parquet", "trades.parquet"
