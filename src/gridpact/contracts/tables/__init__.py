"""Tables of data, CSV or Parquet, as the world of series that contracts are read on, and back.

One row is one slot. The column ``slot_start`` holds ISO 8601 instants with their offset; every
other column is a series, headed by its name or ``name [unit]``, or a choice, ``choice:label``.
Values are whole numbers in units of terms; an empty cell is absent, never zero. Scenario paths
have one more column, ``path``, and every path has the same slots.
"""

from __future__ import annotations

from gridpact.contracts.tables.reading import read_lines, read_world
from gridpact.contracts.tables.writing import write_world

__all__ = ["read_lines", "read_world", "write_world"]
