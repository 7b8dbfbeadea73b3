"""Faults that belong to rows of a data file, a run of neighbouring rows as one."""

from __future__ import annotations

import numpy as np

from gridpact.base.errors import Fault
from gridpact.base.units import Bools, Ints

SHOWN = 200


class Report:
    """Collects the faults of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def add(self, line: int, where: str, problem: str, fix: str) -> None:
        """Note one fault; ``line`` is 0 where it concerns the whole file."""
        self.faults.append(Fault(self.file, line, where, problem, fix))

    def rows(self, bad: Bools, lines: Ints, where: str, words: tuple[str, str]) -> bool:
        """Note each run of neighbouring bad rows; tell whether there was any.

        ``bad`` and ``lines`` [rows]; ``words`` is the problem and its fix. The first 200 runs are
        listed, what follows is counted.
        """
        first = np.flatnonzero(bad & ~np.concatenate(([False], bad[:-1])))
        last = np.flatnonzero(bad & ~np.concatenate((bad[1:], [False])))
        problem, fix = words
        for begin, end in zip(first[:SHOWN], last[:SHOWN], strict=True):
            rows = f"{end - begin} rows" if end - begin > 1 else "row"
            more = f" (also the {rows} after it)" if end > begin else ""
            self.add(int(lines[begin]), where, problem + more, fix)
        if len(first) > SHOWN:
            left = int(bad[first[SHOWN] :].sum())
            self.add(int(lines[first[SHOWN]]), where, f"{problem}; {left} more rows like it", fix)
        return bool(len(first))
