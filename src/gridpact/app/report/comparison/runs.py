"""Whole runs under several mechanisms: bills to the minor unit, and what each party received."""

from __future__ import annotations

from gridpact.app.compare.whole import RunsCompared
from gridpact.app.report.comparison.amounts import MOST_ROWS, left_out, units
from gridpact.app.report.comparison.plots import dots
from gridpact.app.report.comparison.rows import parties_of, received_row, run_row
from gridpact.app.report.parts import Figure, Notes, Section, Table, Tile
from gridpact.app.report.rendering import Page, period
from gridpact.app.report.text import Money, counted

GLOSSARY = (
    ("bill", "positive where the member pays, negative where it earns"),
    ("supplier only", "the bill for the same readings with the supplier alone"),
    ("saving", "the supplier-only bill less the bill; positive where the community helps"),
    ("shared by key", "surplus that the sharing key gave to members who withdrew in the same slot"),
    ("local share", "share of what members withdrew that came from the community"),
    ("Gini", "0 where all save the same, near 1 where one saves all; – where somebody loses"),
)
SAME = (
    "Weather, needs, prices and forecasts are the same in every run: only the rules of the markets "
    "differ, and what follows from them."
)


def page(found: RunsCompared) -> Page:
    """Lay the comparison out."""
    money = Money(found.currency, found.minor_nano)
    return Page(
        kind="gridpact comparison of whole runs",
        title=found.community,
        period=period(found.days),
        place=f"{counted(len(found.runs), 'run', 'runs')}, seed {found.seed}",
        tiles=_tiles(found, money),
        sections=(_totals(found, money), _savings(found, money), _parties(found, money)),
        glossary=GLOSSARY,
    )


def _tiles(found: RunsCompared, money: Money) -> tuple[Tile, ...]:
    least = min(found.runs, key=lambda run: sum(run.bill_minor))
    own = next(run for run in found.runs if run.recorded)
    return (
        Tile("Members", str(len(found.members)), "", ""),
        Tile(
            "With the supplier alone",
            money.minor(sum(own.supplier_only_minor)),
            money.currency,
            "bills of all members",
        ),
        Tile(
            "As the scenario says",
            money.minor(sum(own.bill_minor)),
            money.currency,
            f"bills of all members under {own.name}",
        ),
        Tile(
            "Lowest bills",
            money.minor(sum(least.bill_minor)),
            money.currency,
            f"under {least.name}",
        ),
    )


def _totals(found: RunsCompared, money: Money) -> Section:
    unit = money.currency
    table = Table(
        "table",
        "Energy and bills of all members",
        (
            "mechanism",
            "traded",
            "shared by key",
            "from the supplier",
            "local share [%]",
            "bills",
            "supplier only",
            "saving",
            "save / lose",
            "Gini",
        ),
        tuple(run_row(run, money) for run in found.runs),
        groups=(("", 1), ("energy [kWh]", 3), ("", 1), (f"money [{unit}]", 3), ("savings", 2)),
        note="* as the scenario says.",
    )
    return Section("totals", "Mechanisms", "", (table, Notes((SAME, *found.remarks))))


def _savings(found: RunsCompared, money: Money) -> Section:
    minor = money.minor_nano
    figure = Figure(
        "savings",
        "Savings by member",
        f"What each member saves beside the supplier alone [{money.currency}]; members lie in the "
        "same order in every column.",
        dots(
            "savings",
            [run.name for run in found.runs],
            [units([each * minor for each in run.saving_minor]) for run in found.runs],
            money.currency,
        ),
    )
    own = next(run for run in found.runs if run.recorded)
    table = Table(
        "bills",
        f"Members’ bills [{money.currency}]",
        ("member", "supplier only", *(run.name for run in found.runs)),
        tuple(
            (
                name,
                money.minor(own.supplier_only_minor[row]),
                *(money.minor(run.bill_minor[row]) for run in found.runs),
            )
            for row, name in enumerate(found.members[:MOST_ROWS])
        ),
        (
            "all",
            money.minor(sum(own.supplier_only_minor)),
            *(money.minor(sum(run.bill_minor)) for run in found.runs),
        ),
        note=left_out(len(found.members), "--json"),
    )
    return Section("savings-section", "Who saves", "", (figure, table))


def _parties(found: RunsCompared, money: Money) -> Section:
    parties = parties_of(found)
    table = Table(
        "parties",
        f"What each party received [{money.currency}]",
        ("mechanism", *parties, "together"),
        tuple(
            (*received_row(run, parties, money), money.minor(sum(run.parties.values())))
            for run in found.runs
        ),
    )
    lead = "Positive is received, negative is paid; what one party pays another receives."
    return Section("parties-section", "Parties", lead, (table,))
