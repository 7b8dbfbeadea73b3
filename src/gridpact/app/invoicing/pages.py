"""Bills as pages of HTML that need no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gridpact.app.invoicing import words
from gridpact.base.errors import StoreError
from gridpact.base.files import write_whole
from gridpact.settlement.invoices.bill import Bill
from gridpact.settlement.periods.rules import Rules

_COLOURS = ("#0072b2", "#56b4e9", "#009e73", "#e69f00")
"""Of own energy, trades, community, supplier: told apart by all kinds of sight (Okabe, Ito)."""
_WIDTH = 640


class Bar(msgspec.Struct, frozen=True):
    """A piece of a bar of energy: its name, energy as text, colour, begin and width [px]."""

    name: str
    energy: str
    colour: str
    left: float
    width: float


def write_pages(folder: Path, bills: Sequence[Bill], rules: Rules) -> None:
    """Write one page for each bill, named by its member; StoreError where that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for bill in bills:
            write_whole(folder / f"{bill.member}.html", page(bill, rules).encode())
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}") from error


def page(bill: Bill, rules: Rules) -> str:
    """Write a bill as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gridpact.app.invoicing"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    charts = [
        ("Withdrawn", bars(bill.energy, "metered:withdrawal", words.WITHDRAWN)),
        ("Injected", bars(bill.energy, "metered:injection", words.INJECTED)),
    ]
    shown = [(name, pieces) for name, pieces in charts if pieces]
    template = environment.get_template("bill.html")
    return template.render(bill=bill, rules=rules, words=words, charts=shown, width=_WIDTH)


def bars(energy: Mapping[str, int], metered: str, names: Mapping[str, str]) -> list[Bar]:
    """Return energy by source as pieces of a bar; none where there is no energy.

    What a meter counted beyond all sources is what it withdrew and injected within one slot.
    """
    sources = {words.OWN: energy[metered] - sum(energy[source] for source in names)}
    sources |= {name: energy[source] for source, name in names.items()}
    whole = sum(wh for wh in sources.values() if wh > 0)
    found: list[Bar] = []
    left = 0.0
    for (name, wh), colour in zip(sources.items(), _COLOURS, strict=True):
        if wh > 0:
            width = _WIDTH * wh / whole
            found.append(Bar(name, words.kwh(wh), colour, left, width))
            left += width
    return found
