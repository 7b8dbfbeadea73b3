"""Faults of one table: many like cells are told by the first of them and a count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Ints

SHOWN = 20
"""Faults of one kind in one column that are listed; what follows is counted."""

Words = tuple[str, str]


class Report:
    """Collects the faults of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def add(self, line: int, where: str, problem: str, fix: str) -> None:
        """Note one fault; ``line`` is 0 where it concerns the whole file."""
        self.faults.append(Fault(self.file, line, where, problem, fix))

    def rows(self, bad: Bools, lines: Ints, where: str, words: Callable[[int], Words]) -> None:
        """Note the first bad rows with the problem and fix of each, and count the others.

        ``bad`` and ``lines`` [rows]; ``words`` tells problem and fix of a row by its number.
        """
        rows = np.flatnonzero(bad)
        for row in rows[:SHOWN]:
            self.add(int(lines[row]), where, *words(int(row)))
        if len(rows) > SHOWN:
            row = int(rows[SHOWN])
            problem, fix = words(row)
            left = len(rows) - SHOWN - 1
            more = f" (and {left:,} more rows are faulty in this column)" if left else ""
            self.add(int(lines[row]), where, problem + more, fix)

    def refuse(self) -> BadInput:
        """Return the error that carries all faults noted."""
        return BadInput(self.faults)

    def check(self) -> None:
        """Raise :class:`BadInput` where anything is wrong."""
        if self.faults:
            raise self.refuse()
