"""What a section of the report is made of; the template knows these shapes and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias


@dataclass(frozen=True)
class Table:
    """A table of ready-made text. The first ``names`` columns are text, the rest numbers.

    ``groups`` are headings over several columns, with their widths; ``foot`` is the last row.
    """

    shape: ClassVar[str] = "table"
    id: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: tuple[str, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()
    names: int = 1
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A plot as inline SVG, with the words that explain it."""

    shape: ClassVar[str] = "figure"
    id: str
    title: str
    caption: str
    svg: str


@dataclass(frozen=True)
class Notes:
    """A list of sentences."""

    shape: ClassVar[str] = "notes"
    items: tuple[str, ...]
    tone: str = ""


@dataclass(frozen=True)
class Facts:
    """Names and values, shown as a definition list; ``code`` sets the values in a fixed font."""

    shape: ClassVar[str] = "facts"
    items: tuple[tuple[str, str], ...]
    code: bool = False


Part: TypeAlias = Table | Figure | Notes | Facts


@dataclass(frozen=True)
class Tile:
    """One headline figure."""

    label: str
    value: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One part of the report under its own heading."""

    id: str
    title: str
    lead: str = ""
    parts: tuple[Part, ...] = field(default=())
