"""Mechanisms on the same books: what is traded at which prices, who gains, and what models say."""

from __future__ import annotations

from gridpact.app.compare.books import BooksCompared
from gridpact.app.report.comparison import modelled, outcomes
from gridpact.app.report.comparison.amounts import (
    MOST_ROWS,
    fitting,
    gini,
    left_out,
    nano,
    units,
)
from gridpact.app.report.comparison.plots import dots
from gridpact.app.report.parts import Figure, Section, Table, Tile
from gridpact.app.report.rendering import Page, period
from gridpact.app.report.text import MISSING, Money, counted, kwh, number

GLOSSARY = (
    ("gain", "what trades are worth to a member beside the supplier alone, delivered as agreed"),
    ("welfare", "what buyers would have paid at most less what sellers asked at least"),
    ("local share", "share of what members withdrew that they had bought within the community"),
    ("price", "what sellers get, before fees; the mean is weighted by energy"),
    ("market fees, grid charges", "what the operator and the network company take of trades"),
    ("Gini", "0 where all gain the same, near 1 where one gains all; – where somebody loses"),
    ("central", "one operator clears all needs at one price"),
    ("meetings", "members meet at random and trade without knowing what others have"),
    ("negotiated", "both sides share what they have and need, and pairs divide their gain"),
    ("coalition", "all share as one and divide what they save by the Shapley value"),
    ("would leave for", "what the coalition with most to gain would gain by trading alone"),
    ("–", "not known or not applicable; never zero"),
)


SETTLED = "Settled bills also hold what was shared by key, and what differed from plans."


def page(found: BooksCompared) -> Page:
    """Lay the comparison out."""
    money = Money(found.currency, found.minor_nano)
    return Page(
        kind="gridpact comparison of mechanisms",
        title=found.community,
        period=period(found.days),
        place=f"{counted(found.orders, 'order', 'orders')} in "
        f"{counted(len(found.sessions), 'session', 'sessions')}",
        tiles=_tiles(found, money),
        sections=(
            outcomes.section(
                found.mechanisms,
                found.remarks,
                fitting(money, [each.welfare_nano for each in found.mechanisms]),
            ),
            _gains(found, money),
            *((modelled.section(found, money),) if found.models else ()),
        ),
        glossary=GLOSSARY,
    )


def _tiles(found: BooksCompared, money: Money) -> tuple[Tile, ...]:
    recorded = next(each for each in found.mechanisms if each.recorded)
    even = min(
        (each for each in found.mechanisms if each.spread.gini is not None),
        key=lambda each: each.spread.gini or 0.0,
        default=None,
    )
    alone, paid = sum(found.supplier_only_minor), sum(found.bill_minor)
    return (
        Tile("Traded", kwh(recorded.volume_wh), "kWh", f"under {recorded.name}, in force"),
        Tile(
            "Gained by trade",
            nano(money, sum(recorded.gain_nano)),
            money.currency,
            f"{counted(recorded.spread.gainers, 'member gains', 'members gain')}, "
            f"{number(recorded.spread.losers)} lose",
        ),
        Tile(
            "Most even",
            even.name if even else MISSING,
            "",
            f"Gini {gini(even.spread)} of gains" if even else "everywhere somebody loses",
        ),
        Tile(
            "Settled bills",
            money.minor(paid),
            money.currency,
            f"with the supplier alone {money.minor(alone)}",
        ),
    )


def _gains(found: BooksCompared, money: Money) -> Section:
    labels = [each.name for each in found.mechanisms]
    amounts = [units(each.gain_nano) for each in found.mechanisms]
    figure = Figure(
        "gains",
        "Gains by member",
        f"What trade gains each member beside the supplier alone [{money.currency}]; members lie "
        "in the same order in every column.",
        dots("gains", labels, amounts, money.currency),
    )
    return Section("gains", "Who gains", "", (figure, _members(found, money)))


def _members(found: BooksCompared, money: Money) -> Table:
    rows = tuple(
        (
            name,
            money.minor(found.supplier_only_minor[row]),
            money.minor(found.bill_minor[row]),
            *(nano(money, each.gain_nano[row]) for each in found.mechanisms),
        )
        for row, name in enumerate(found.members[:MOST_ROWS])
    )
    names = [each.name for each in found.mechanisms]
    return Table(
        "members",
        f"Members’ bills as settled, and what each mechanism’s trades gain them [{money.currency}]",
        ("member", "supplier only", "settled", *names),
        rows,
        (
            "all",
            money.minor(sum(found.supplier_only_minor)),
            money.minor(sum(found.bill_minor)),
            *(nano(money, sum(each.gain_nano)) for each in found.mechanisms),
        ),
        groups=(("", 1), ("bill", 2), ("gain by trade", len(names))),
        note=f"{SETTLED} {left_out(len(found.members), '--json')}".strip(),
    )
