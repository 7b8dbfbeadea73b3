"""Where the local ledger's rows live: SQLite or PostgreSQL, tiles, snapshots and the archive."""
