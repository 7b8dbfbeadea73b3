"""Faults that belong to rows of a data file, a run of neighbouring rows as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from gridpact.base.errors import Fault
from gridpact.base.units import Bools, Ints

SHOWN = 200
UNKNOWN = (
    "the store has no such metering point",
    "add it to the points of the store, or give the file's name of it in the mapping's points",
)
"""Problem and fix of a point that a file names and nobody knows."""


class Report:
    """Collects the faults of one file; ``known`` are the points it may be of, None for any.

    ``sizes`` are what registers of points count to before they begin at zero again [Wh].
    """

    def __init__(
        self,
        file: str,
        known: Collection[str] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.file = file
        self.known = known
        self.sizes = sizes or {}
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

    def unknown_points(self, names: Sequence[str], place: Ints, lines: Ints, where: str) -> None:
        """Note each point that nobody knows, at its first row, and how many rows it has.

        ``names`` are ours of the points, ``place`` [rows] which of them a row is of.
        """
        strange = [n for n, name in enumerate(names) if name and not self.knows(name)]
        for number in strange:
            own = lines[place == number]
            if len(own):
                more = f" ({len(own)} rows)" if len(own) > 1 else ""
                self.add(int(own.min()), where, f"{names[number]}: {UNKNOWN[0]}{more}", UNKNOWN[1])

    def knows(self, point: str) -> bool:
        """Tell whether a point is one that the file may be of."""
        return self.known is None or point in self.known
