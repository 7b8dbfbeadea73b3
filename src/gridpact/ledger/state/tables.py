"""The state as tables of frozen values, with a log by which a refused block is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
ABSENT: Final = object()
"""What the log notes where there was no row."""


class Log:
    """What was overwritten since the last mark, latest last.

    ``note`` takes a table's rows, a key, and what they hold there before it changes. They lie flat
    in a list, three by three: a tuple for each would keep the garbage collector busy.
    """

    def __init__(self) -> None:
        self._written: list[Any] = []
        self.note: Callable[[tuple[dict[Any, Any], object, object]], None] = self._written.extend

    def keep(self) -> None:
        """Let everything since the last mark stand."""
        self._written.clear()

    def undo(self) -> None:
        """Take everything since the last mark back."""
        latest = iter(reversed(self._written))
        for before, key, rows in zip(latest, latest, latest, strict=True):
            if before is ABSENT:
                del rows[key]
            else:
                rows[key] = before
        self._written.clear()


class Table(Generic[K, V]):
    """Rows by key; every change is logged.

    ``get`` returns the row of a key, None where there is none; ``at`` that, or a default.
    """

    __slots__ = ("_note", "at", "get", "rows")

    def __init__(self, log: Log) -> None:
        self.rows: dict[K, V] = {}
        self.get: Callable[[K], V | None] = self.rows.get
        self.at: Callable[[K, V], V] = self.rows.get
        self._note = log.note

    def __contains__(self, key: K) -> bool:
        return key in self.rows

    def __iter__(self) -> Iterator[K]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def put(self, key: K, value: V) -> None:
        """Write a row."""
        rows = self.rows
        self._note((rows, key, rows.get(key, ABSENT)))
        rows[key] = value

    def drop(self, key: K) -> None:
        """Delete a row that is there."""
        self._note((self.rows, key, self.rows[key]))
        del self.rows[key]
