"""Parts of a bill's pages: parties, facts, tables, bars and the chart."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.app.invoicing.pdf.drawing import (
    BOTTOM,
    FAINT,
    HEAVY,
    INK,
    LEFT,
    PLAIN,
    RIGHT,
    Drawing,
    Look,
    wrap,
)
from gridpact.app.invoicing.pdf.fonts import REGULAR
from gridpact.app.invoicing.view import CHART_COLOURS, Bar, Chart, Party

_ROW, _GAP, _SIZE, _SMALL = 14.0, 14.0, 8.5, 7.5
_MIDDLE = (LEFT + RIGHT) / 2
_BAR, _CHART, _KEY = 13.0, 52.0, 12.0


def heading(drawing: Drawing, text: str, *, below: float = 0.0) -> None:
    """Write a heading, on a new page unless there is room for it and some of what follows."""
    drawing.room(30 + below)
    drawing.y += 26
    drawing.text(LEFT, drawing.y, text, 11.5, HEAVY)
    drawing.y += 6


def parties(drawing: Drawing, some: Sequence[Party]) -> None:
    """Write members and parties beside each other."""
    top = drawing.y
    lowest = top
    for place, party in enumerate(some):
        x = LEFT if place == 0 else _MIDDLE + 10
        drawing.y = top
        if party.role:
            drawing.y += 11
            drawing.text(x, drawing.y, party.role, _SMALL, FAINT)
        drawing.wrapped(x, party.name, _MIDDLE - LEFT - 20, 10, HEAVY)
        for line in party.lines:
            drawing.wrapped(x, line, _MIDDLE - LEFT - 20, _SIZE)
        lowest = max(lowest, drawing.y)
    drawing.y = lowest + 4


def facts(drawing: Drawing, some: Sequence[tuple[str, str]]) -> None:
    """Write names with values below them, beside each other."""
    x, font = LEFT, drawing.fonts[REGULAR]
    y = drawing.y + 14
    for name, value in some:
        width = max(font.width(name, _SMALL), font.width(value, 9)) + 26
        if x + width > RIGHT + 26 and x > LEFT:
            x, y = LEFT, y + 28
        drawing.text(x, y, name, _SMALL, FAINT)
        drawing.text(x, y + 12, value)
        x += width
    drawing.y = y + 18


def table(drawing: Drawing, rows: Sequence[Sequence[str]], *, sums_below: int = 0) -> None:
    """Write a table whose first row is its head; all columns but the first end at their right.

    The first column takes what the others leave, over several lines where it must. The head is
    repeated on every page. The last row is on the page of the sums below it, of so many rows.
    """
    font = drawing.fonts[REGULAR]
    wide = [[font.width(cell, _SIZE) for cell in row] for row in rows]
    columns = [max(column) + _GAP for column in zip(*wide, strict=True)][1:]
    edges = [RIGHT - sum(columns[place + 1 :]) for place in range(len(columns))]
    first = max(RIGHT - LEFT - sum(columns), 60.0)
    starts = [[edge - w for edge, w in zip(edges, row[1:], strict=True)] for row in wide]
    ends = [_cells(drawing, rows[0][:1], rows[0], starts[0], FAINT)]
    after = _height(sums_below)
    for row, begin, width in zip(rows[1:], starts[1:], wide[1:], strict=True):
        lines = row[:1] if width[0] <= first else wrap(row[0], font, _SIZE, first)
        room = _ROW * len(lines) + (after if row is rows[-1] else 0.0)
        if drawing.y + room > BOTTOM:
            drawing.lines(ends)
            drawing.turn()
            ends = [_cells(drawing, rows[0][:1], rows[0], starts[0], FAINT)]
        ends.append(_cells(drawing, lines, row, begin, PLAIN))
    drawing.lines(ends)


def _cells(
    drawing: Drawing,
    lines: Sequence[str],
    row: Sequence[str],
    starts: Sequence[float],
    look: Look,
) -> float:
    """Write a row of a table; return where the line below it is to be."""
    drawing.y += _ROW
    for x, cell in zip(starts, row[1:], strict=True):
        drawing.text(x, drawing.y, cell, _SIZE, look)
    drawing.text(LEFT, drawing.y, lines[0], _SIZE, look)
    for line in lines[1:]:
        drawing.y += _ROW - 3
        drawing.text(LEFT + 10, drawing.y, line, _SIZE, look)
    return drawing.y + 3.5


def _height(count: int) -> float:
    """Return the height of so many sums."""
    return _ROW * count + 8 if count else 0.0


def sums(drawing: Drawing, some: Sequence[tuple[str, str]]) -> None:
    """Write sums below a table, the last of them heavy."""
    drawing.room(_height(len(some)))
    font = drawing.fonts[REGULAR]
    space = max(font.width(value, _SIZE) for _, value in some) + 24
    for name, value in some[:-1]:
        drawing.y += _ROW
        drawing.right(RIGHT - space, drawing.y, name, _SIZE)
        drawing.right(RIGHT, drawing.y, value, _SIZE)
    name, value = some[-1]
    drawing.box(RIGHT - space - 160, drawing.y + 5, (space + 160, 1), INK)
    drawing.y += _ROW + 4
    drawing.right(RIGHT - space, drawing.y, name, 9.5, HEAVY)
    drawing.right(RIGHT, drawing.y, value, 9.5, HEAVY)
    drawing.y += 4


def bars(drawing: Drawing, some: Sequence[Bar]) -> None:
    """Draw bars of energy by source, each with its title and its key."""
    whole, font = RIGHT - LEFT, drawing.fonts[REGULAR]
    for bar in some:
        drawing.room(50)
        drawing.y += 17
        drawing.text(LEFT, drawing.y, bar.title, _SIZE)
        drawing.y += 4
        for piece in bar.pieces:
            place = LEFT + whole * piece.begin
            drawing.box(place, drawing.y, (whole * piece.share, _BAR), piece.colour)
        drawing.y += _BAR
        x = LEFT
        drawing.y += _KEY
        for piece in bar.pieces:
            told = f"{piece.name} {piece.energy}"
            width = font.width(told, _SMALL) + 28
            if x + width > RIGHT + 18 and x > LEFT:
                x, drawing.y = LEFT, drawing.y + _KEY
            drawing.box(x, drawing.y - 6, (6, 6), piece.colour)
            drawing.text(x + 10, drawing.y, told, _SMALL)
            x += width


def chart(drawing: Drawing, told: Chart) -> None:
    """Draw energy over time: withdrawn upwards, injected downwards."""
    drawing.room(_CHART + 40)
    drawing.y += 18
    drawing.text(LEFT, drawing.y, told.title, _SIZE)
    drawing.right(RIGHT, drawing.y, told.most, _SMALL, FAINT)
    drawing.y += 5
    height = _CHART / (max(told.up) + max(told.down))
    base, each = drawing.y + height * max(told.up), (RIGHT - LEFT) / len(told.up)
    places = [LEFT + each * (place + 0.1) for place in range(len(told.up))]
    up, down = ([height * part for part in parts] for parts in (told.up, told.down))
    wide = each * 0.8
    above, below = CHART_COLOURS
    drawing.boxes([(x, base - h, wide, h) for x, h in zip(places, up, strict=True)], above)
    drawing.boxes([(x, base, wide, h) for x, h in zip(places, down, strict=True)], below)
    drawing.box(LEFT, base - 0.25, (RIGHT - LEFT, 0.5), INK)
    drawing.y += _CHART + 10
    drawing.text(LEFT, drawing.y, told.first, _SMALL, FAINT)
    drawing.right(RIGHT, drawing.y, told.last, _SMALL, FAINT)
    _keys(drawing, [(key.name, key.colour) for key in told.keys], _MIDDLE - 60, drawing.y)


def _keys(drawing: Drawing, some: Sequence[tuple[str, str]], x: float, y: float) -> None:
    """Write what colours stand for, beside each other."""
    for name, colour in some:
        drawing.box(x, y - 6, (6, 6), colour)
        drawing.text(x + 10, y, name, _SMALL)
        x += drawing.fonts[REGULAR].width(name, _SMALL) + 28
