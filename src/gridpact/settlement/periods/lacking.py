"""Series of contracts that lack a value, gathered while a period is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gridpact.base.errors import MissingSeries
from gridpact.base.slots import iso
from gridpact.settlement.periods.terms import Flow


class Lacking:
    """Slots in which a clause lacks a value of a series."""

    def __init__(self) -> None:
        self._slots: dict[tuple[str, str], set[int]] = {}

    @contextmanager
    def noted(self, flow: Flow) -> Iterator[None]:
        """Note what a cash flow lacks, and go on."""
        try:
            yield
        except MissingSeries as error:
            self._slots.setdefault((flow.head.clause, error.name), set()).update(error.slots)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield what lacks, as ``(where, problem, fix)``."""
        for (clause, series), slots in sorted(self._slots.items()):
            many = f"{len(slots):,} slots have" if len(slots) != 1 else "a slot has"
            first = f", the first {iso(min(slots))}" if slots else ""
            fix = "add the values to the file of the series"
            yield f"contracts.{clause}", f"{many} no value of {series}{first}", fix
