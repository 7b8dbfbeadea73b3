"""Bills of members, and single invoices, as PDF files."""

from __future__ import annotations

import msgspec

from gridpact.app.invoicing.pdf import blocks
from gridpact.app.invoicing.pdf.drawing import (
    FAINT,
    HEAVY,
    LEFT,
    MARKED,
    RIGHT,
    TINT,
    Drawing,
    wrap,
)
from gridpact.app.invoicing.pdf.file import About, Attached, pdf
from gridpact.app.invoicing.pdf.fonts import LATIN, REGULAR, fonts, shown
from gridpact.app.invoicing.view import Party, Sheet, View

_ASCII = bytes(range(0x20, 0x7F))
_SHEET, _HEAD = 190.0, 14.0


def bill_pdf(view: View, made_s: int) -> bytes:
    """Return a bill with all of its documents; ``made_s`` [s since the epoch] is when."""
    view, more = _clean(view)
    drawing = Drawing(fonts(more))
    _top(drawing, view.kind, view.member, view.community)
    blocks.facts(drawing, view.facts)
    _pay(drawing, view)
    _energy(drawing, view)
    blocks.heading(drawing, view.documents, below=60)
    blocks.table(drawing, view.summary, sums_below=len(view.sums))
    blocks.sums(drawing, view.sums)
    for sheet in view.sheets:
        drawing.room(_SHEET + _HEAD * (len(sheet.rows) + len(sheet.sums)))
        blocks.heading(drawing, sheet.title)
        _sheet(drawing, sheet)
        drawing.y += 10
    about = About(f"{view.kind} {view.title}", view.community.name, view.language, made_s)
    return pdf(drawing.pages(f"{view.title} · {view.page}"), about, more)


def invoice_pdf(view: View, place: int, made_s: int, attached: Attached | None = None) -> bytes:
    """Return one document of a bill, by its place, with the figures of the bill below it."""
    view, more = _clean(view)
    sheet = view.sheets[place]
    drawing = Drawing(fonts(more))
    drawing.y += 16
    drawing.text(LEFT, drawing.y, sheet.title, 17, HEAVY)
    drawing.y += 10
    drawing.lines([drawing.y], 1)
    drawing.y += 4
    _sheet(drawing, sheet)
    _energy(drawing, view)
    about = About(sheet.title, sheet.seller.name, view.language, made_s)
    return pdf(drawing.pages(f"{sheet.number} · {view.page}"), about, more, attached)


def _clean(view: View) -> tuple[View, frozenset[str]]:
    """Return texts without what no page can show, and the characters beyond the usual."""
    raw = msgspec.json.encode(view)
    more = _beyond(raw)
    if b"\\" in raw or any(shown(each) != each for each in more):  # JSON escapes what is no sign
        view = msgspec.convert(_shown(msgspec.to_builtins(view)), View)
        more = _beyond(msgspec.json.encode(view))
    return view, more


def _beyond(raw: bytes) -> frozenset[str]:
    """Return the characters of a text in UTF-8 that are not among the usual."""
    return frozenset(raw.translate(None, _ASCII).decode()) - LATIN


def _shown(value: object) -> object:
    """Return texts, however deep within, as they can be shown."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value


def _top(drawing: Drawing, kind: str, member: Party, community: Party) -> None:
    drawing.y += 8
    drawing.text(LEFT, drawing.y, kind, 10, MARKED)
    drawing.wrapped(LEFT, member.name, RIGHT - LEFT, 20, HEAVY)
    drawing.y += 6
    drawing.lines([drawing.y], 1)
    drawing.y += 2
    address = Party("", "".join(member.lines[:1]), member.lines[1:])
    blocks.parties(drawing, [address, community])


def _pay(drawing: Drawing, view: View) -> None:
    """Write what is to pay, and how, on a tinted ground."""
    top, width, font = drawing.y + 2, RIGHT - LEFT - 24, drawing.fonts[REGULAR]
    told = [each for each in (view.pay, view.deposit) if each]
    height = 46.0 + 12.2 * sum(len(wrap(each, font, 9, width)) for each in told)
    drawing.box(LEFT, top, (RIGHT - LEFT, height), TINT)
    drawing.y = top + 15
    drawing.text(LEFT + 12, drawing.y, view.due[0], 8.5, FAINT)
    drawing.y += 19
    drawing.text(LEFT + 12, drawing.y, view.due[1], 17, HEAVY)
    drawing.y += 2
    for each in told:
        drawing.wrapped(LEFT + 12, each, width)
    drawing.y = top + height


def _energy(drawing: Drawing, view: View) -> None:
    """Draw where energy came from and went, when, and what it is compared with."""
    blocks.heading(drawing, view.energy, below=60)
    blocks.bars(drawing, view.bars)
    if not view.bars:
        drawing.wrapped(LEFT, view.no_energy, RIGHT - LEFT)
    if view.chart is not None:
        blocks.chart(drawing, view.chart)
    drawing.room(90)
    drawing.y += 8
    blocks.table(drawing, view.registers)
    drawing.y += 3
    drawing.wrapped(LEFT, view.by_slots, RIGHT - LEFT, 7.5, FAINT)
    if view.compared:
        drawing.room(70)
        drawing.y += 8
        blocks.table(drawing, view.compared)
        if view.saved:
            drawing.y += 5
            drawing.wrapped(LEFT, view.saved, RIGHT - LEFT, 9, MARKED)


def _sheet(drawing: Drawing, sheet: Sheet) -> None:
    blocks.parties(drawing, (sheet.seller, sheet.buyer))
    blocks.facts(drawing, sheet.facts)
    blocks.table(drawing, (sheet.head, *sheet.rows), sums_below=len(sheet.sums))
    blocks.sums(drawing, sheet.sums)
    drawing.y += 2
    drawing.wrapped(LEFT, sheet.note, RIGHT - LEFT, 7.5, FAINT)
