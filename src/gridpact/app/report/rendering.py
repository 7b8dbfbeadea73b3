"""A page of sections to HTML: one self-contained file, set by one template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridpact.app.report.parts import Section, Tile
from gridpact.app.report.text import day_name


@dataclass(frozen=True)
class Page:
    """What a page shows; ``kind`` stands above the title, ``period`` and ``place`` below it."""

    kind: str
    title: str
    period: str
    place: str
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    glossary: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


def render(page: Page) -> str:
    """Write a page as HTML that needs no other file."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gridpact.app.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html").render(page=page)


def period(days: Sequence[str]) -> str:
    """Write local days (ISO, ascending) as the period they make."""
    if days[0] == days[-1]:
        return day_name(days[0])
    return f"{day_name(days[0])} to {day_name(days[-1])}, {len(days)} days"
