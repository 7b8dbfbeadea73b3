"""Ledgers side by side: what the same month of work takes on each, and which one is needed."""

from __future__ import annotations

from gridpact.app.ledgers.comparing.found import LedgersCompared
from gridpact.app.ledgers.comparing.running import Taken
from gridpact.app.ledgers.comparing.trust import TRUST, faulty, stands
from gridpact.app.report.comparison.plots import waits
from gridpact.app.report.parts import Facts, Figure, Notes, Section, Table, Tile
from gridpact.app.report.rendering import Page
from gridpact.app.report.text import MISSING, counted, number

GLOSSARY = (
    ("operation", "an entry of the ledger: a root, a payment, a certificate, net positions"),
    ("final", "the ledger has answered, and what it answered does not change any more"),
    ("µWh/MWh", "energy that processors took for a megawatt-hour settled"),
    ("may fail", "how many machines may be faulty while the ledger goes on"),
    ("gas", "what a chain counts an operation's work in; on a chain of one's own it costs nothing"),
    ("faulty", "stopped, cut off, or lying"),
    ("–", "not known or not applicable; never zero"),
)
COLUMNS = (
    "ledger", "operations/s", "half final ms", "95 % final ms", "bytes/op", "gas/op", "CPU s",
    "µWh/MWh", "may fail",
)  # fmt: skip


def page(found: LedgersCompared) -> Page:
    """Lay the comparison out."""
    first = found.taken[0]
    return Page(
        kind="gridpact comparison of ledgers",
        title="Which ledger do we need?",
        period=counted(found.members, "member", "members")
        + f", {counted(found.days, 'day', 'days')}",
        place=f"{counted(first.operations, 'operation', 'operations')} on each",
        tiles=(
            Tile(
                "Asked at the busiest", number(found.peak, 2), "operations/s", "a day in a minute"
            ),
            Tile("Settled", number(found.settled_wh / 1e6, 1), "MWh", "drawn by the members"),
            Tile("Ledgers", number(len(found.taken)), "", "with the same work"),
        ),
        sections=(
            Section("needs", "Which one is needed", "", (_needs(found), *_left_out(found))),
            Section("figures", "What the month took", "", (_figure(found), _table(found))),
            *map(_trust, found.taken),
        ),
        glossary=GLOSSARY,
    )


def _needs(found: LedgersCompared) -> Facts:
    return Facts(tuple((each.question, each.answer) for each in found.needs))


def _left_out(found: LedgersCompared) -> tuple[Notes, ...]:
    return (Notes(found.left_out, "warning"),) if found.left_out else ()


def _figure(found: LedgersCompared) -> Figure:
    caption = (
        "Seconds from handing a block in until it is final: half of the blocks, and 95 of 100. The "
        "scale grows by tens."
    )
    labels = [each.name for each in found.taken]
    within = [(each.final_at(0.5), each.final_at(0.95)) for each in found.taken]
    plot = waits("final", labels, within, "seconds")
    return Figure("final-plot", "How long until a block is final", caption, plot)


def _table(found: LedgersCompared) -> Table:
    return Table(
        "figures-table",
        "The same month of work on each ledger",
        COLUMNS,
        tuple(row(found, each) for each in found.taken),
        note=f"Energy is the seconds that processors worked, at {number(found.watts, 1)} W.",
    )


def row(found: LedgersCompared, taken: Taken) -> tuple[str, ...]:
    """Return the cells of one ledger, as :data:`COLUMNS` head them."""
    return (
        taken.name,
        number(taken.per_second, 1),
        number(taken.final_at(0.5) * 1e3, 1),
        number(taken.final_at(0.95) * 1e3, 1),
        _each(taken.bytes_stored, taken),
        _each(taken.gas, taken),
        number(taken.cpu_s, 2),
        number(found.energy_wh(taken) * 1e6, 1),
        number(faulty(taken.validators)),
    )


def _each(amount: int | None, taken: Taken) -> str:
    return MISSING if amount is None else number(amount / taken.operations)


def _trust(taken: Taken) -> Section:
    known = TRUST[taken.kind]
    told = (
        ("What may fail?", stands(taken)),
        ("Who takes in what is handed in?", known.keeps),
        ("Who could change the past?", known.rewrites),
        ("Who holds all to the rules?", known.rules),
        ("What does it ask of you?", known.asks),
    )
    return Section(f"trust-{taken.kind}", f"Whom to trust: {taken.name}", "", (Facts(told),))
