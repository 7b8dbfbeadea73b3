"""Orders as people and programs give them: as options, as files, and back from a record."""
