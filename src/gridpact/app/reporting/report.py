"""A report: a page and the sheets on it, written as one HTML file and a CSV file for each sheet."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gridpact.app.report.parts import Part, Section, Tile
from gridpact.app.report.rendering import Page, render
from gridpact.app.report.text import Money
from gridpact.app.reporting.sheets import Sheet
from gridpact.base.errors import StoreError
from gridpact.base.files import write_whole


class Chapter(msgspec.Struct, frozen=True):
    """A section of a report: its ``parts`` in order, sheets among them.

    ``files`` are sheets that are too long for a page; they are written, not shown.
    """

    id: str
    title: str
    lead: str = ""
    parts: tuple[Part | Sheet, ...] = ()
    files: tuple[Sheet, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """What a report says. ``name`` begins the names of its files; ``money`` writes its amounts."""

    name: str
    kind: str
    title: str
    period: str
    place: str
    money: Money
    tiles: tuple[Tile, ...]
    chapters: tuple[Chapter, ...]
    glossary: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """All sheets, in order of chapters."""
        return tuple(
            part
            for each in self.chapters
            for part in (*each.parts, *each.files)
            if isinstance(part, Sheet)
        )

    def html(self) -> str:
        """Return the report as one page that needs no other file."""
        return render(
            Page(
                kind=self.kind,
                title=self.title,
                period=self.period,
                place=self.place,
                tiles=self.tiles,
                sections=tuple(self._section(each) for each in self.chapters),
                glossary=self.glossary,
                warnings=self.warnings,
            )
        )

    def _section(self, chapter: Chapter) -> Section:
        parts = tuple(
            part.table(self.money) if isinstance(part, Sheet) else part for part in chapter.parts
        )
        return Section(chapter.id, chapter.title, chapter.lead, parts)

    def files(self) -> dict[str, bytes]:
        """Return the files of the report by name: its page, and a table for each sheet."""
        found = {f"{self.name}.html": self.html().encode()}
        return found | {f"{self.name}-{each.id}.csv": each.csv(self.money) for each in self.sheets}


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write a report into a folder and return its files; StoreError where it cannot be."""
    found = report.files()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in found.items():
            write_whole(folder / name, data)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}") from error
    return [folder / name for name in found]
