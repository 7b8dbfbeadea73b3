"""How a data file's columns are to be read."""

from __future__ import annotations

from typing import Literal

import msgspec

ClockChanges = Literal["refuse", "first", "second", "in-order", "filled"]


class Column(msgspec.Struct, frozen=True):
    """One wanted column: ``name`` is ours, ``column`` the file's, ``unit`` as in ``units``."""

    name: str
    column: str
    unit: str


class TextStyle(msgspec.Struct, frozen=True):
    """How a CSV file writes: field separator, decimal sign, time stamps.

    ``time_format`` is a strftime pattern such as ``%d.%m.%Y %H:%M``; empty reads ISO 8601.
    """

    separator: str = ","
    decimal: str = "."
    time_format: str = ""


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """One file and the columns wanted from it.

    Parameters
    ----------
    path, label
        Where the file is, and what faults call it (its path where empty).
    format
        ``csv``, ``parquet``, or empty to go by the file's name.
    time_column, timezone
        The stamps and their clock: ``UTC``, a fixed offset such as ``UTC+10`` or an IANA name.
        Stamps that carry their own offset keep it.
    stamp
        Whether a stamp is the ``start`` or the ``end`` of its interval. A cumulative register is
        read at its stamp, so this does not concern it.
    values
        ``interval`` values, or a ``cumulative`` register to be differenced.
    gaps
        ``refuse`` makes missing rows a fault, ``allow`` leaves those slots absent.
    clock_changes
        For local clocks: ``refuse`` stamps that occur twice or never; take the ``first`` or the
        ``second``; ``in-order`` takes repeated stamps in the order of rows; ``filled`` is for
        prices and levels written with 24 hours every day.
    step_s
        Length of the file's interval [s]; 0 takes the most frequent distance between stamps.
    shift_s
        Added to every instant [s], to bring two years together.
    """

    path: str
    time_column: str
    columns: tuple[Column, ...]
    label: str = ""
    format: Literal["", "csv", "parquet"] = ""
    timezone: str = "UTC"
    stamp: Literal["start", "end"] = "start"
    values: Literal["interval", "cumulative"] = "interval"
    gaps: Literal["refuse", "allow"] = "refuse"
    clock_changes: ClockChanges = "refuse"
    step_s: int = 0
    shift_s: int = 0
    text: TextStyle = TextStyle()

    @property
    def file(self) -> str:
        """The name that faults show."""
        return self.label or self.path


class SessionMapping(msgspec.Struct, frozen=True, kw_only=True):
    """A file of charging sessions: one row a session.

    ``user``, ``arrive``, ``leave`` and ``energy`` are column names. ``bad_rows`` refuses a file
    with impossible sessions, or skips those rows and lists them.
    """

    path: str
    user: str
    arrive: str
    leave: str
    energy: str
    unit: str = "kWh"
    label: str = ""
    format: Literal["", "csv", "parquet"] = ""
    timezone: str = "UTC"
    clock_changes: ClockChanges = "refuse"
    shift_s: int = 0
    bad_rows: Literal["refuse", "skip"] = "refuse"
    text: TextStyle = TextStyle()

    @property
    def file(self) -> str:
        """The name that faults show."""
        return self.label or self.path
