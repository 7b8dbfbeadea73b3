"""The state as tables of frozen values, with a log by which a refused block is undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
_ABSENT: Final = object()


class Log:
    """What was overwritten since the last mark, latest last."""

    def __init__(self) -> None:
        self._written: list[tuple[dict[object, object], object, object]] = []

    def note(self, rows: dict[K, V], key: K) -> None:
        """Remember what a table holds at a key before it changes."""
        self._written.append((rows, key, rows.get(key, _ABSENT)))  # type: ignore[arg-type]

    def keep(self) -> None:
        """Let everything since the last mark stand."""
        self._written.clear()

    def undo(self) -> None:
        """Take everything since the last mark back."""
        for rows, key, before in reversed(self._written):
            if before is _ABSENT:
                del rows[key]
            else:
                rows[key] = before
        self._written.clear()


class Table(Generic[K, V]):
    """Rows by key; every change is logged."""

    __slots__ = ("_log", "rows")

    def __init__(self, log: Log) -> None:
        self.rows: dict[K, V] = {}
        self._log = log

    def __contains__(self, key: K) -> bool:
        return key in self.rows

    def __iter__(self) -> Iterator[K]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, key: K) -> V | None:
        """Return the row of a key, None where there is none."""
        return self.rows.get(key)

    def at(self, key: K, default: V) -> V:
        """Return the row of a key, or a default."""
        return self.rows.get(key, default)

    def put(self, key: K, value: V) -> None:
        """Write a row."""
        self._log.note(self.rows, key)
        self.rows[key] = value

    def drop(self, key: K) -> None:
        """Delete a row that is there."""
        self._log.note(self.rows, key)
        del self.rows[key]
