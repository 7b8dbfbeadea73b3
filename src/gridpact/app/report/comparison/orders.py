"""Mechanisms on the orders of a file: what is traded at which prices, and who gains."""

from __future__ import annotations

from gridpact.app.compare.orders import OrdersCompared
from gridpact.app.report.comparison import outcomes
from gridpact.app.report.comparison.amounts import (
    MOST_ROWS,
    energy_digits,
    fitting,
    left_out,
    nano,
    units,
)
from gridpact.app.report.comparison.plots import dots
from gridpact.app.report.parts import Figure, Section, Table, Tile
from gridpact.app.report.rendering import Page
from gridpact.app.report.text import Money, counted, kwh, number

GLOSSARY = (
    ("gain", "what a member gains beside its own limits: a buyer pays less, a seller gets more"),
    ("welfare", "what buyers would have paid at most less what sellers asked at least"),
    ("price", "what sellers get; the mean is weighted by energy"),
    ("Gini", "0 where all gain the same, near 1 where one gains all; – where nobody gains"),
    ("–", "not known or not applicable; never zero"),
)
_CENT_NANO = 10_000_000
NAMELESS = ("¤", "the currency of the file, which has no name")


def page(found: OrdersCompared) -> Page:
    """Lay the comparison out."""
    money = money_of(found)
    most = max(found.mechanisms, key=lambda each: each.welfare_nano)
    return Page(
        kind="gridpact comparison of mechanisms",
        title=found.file,
        period=counted(found.orders, "order", "orders"),
        place=counted(found.slots, "slot", "slots"),
        tiles=(
            Tile("Members", number(len(found.members)), "", "with orders or named in one"),
            Tile(
                "Most welfare",
                nano(money, most.welfare_nano),
                money.currency,
                f"under {most.name}",
            ),
            Tile(
                "Traded at most welfare",
                kwh(most.volume_wh, energy_digits([most.volume_wh])),
                "kWh",
                f"under {most.name}",
            ),
        ),
        sections=(
            outcomes.section(found.mechanisms, found.remarks, money),
            Section("gains", "Who gains", "", (_figure(found), _members(found, money))),
        ),
        glossary=(*GLOSSARY, NAMELESS) if money.currency == NAMELESS[0] else GLOSSARY,
    )


def money_of(found: OrdersCompared) -> Money:
    """The currency of a file, with digits that suit what its orders come to."""
    amounts = [each.welfare_nano for each in found.mechanisms]
    return fitting(Money(found.currency, _CENT_NANO), amounts)


def _figure(found: OrdersCompared) -> Figure:
    labels = [each.name for each in found.mechanisms]
    amounts = [units(each.gain_nano) for each in found.mechanisms]
    caption = (
        f"What each member gains beside its own limits [{found.currency}]; members lie in the same "
        "order."
    )
    plot = dots("gains", labels, amounts, found.currency)
    return Figure("gains-plot", "Gains by member", caption, plot)


def _members(found: OrdersCompared, money: Money) -> Table:
    return Table(
        "members",
        f"Gains by member [{money.currency}]",
        ("member", *(each.name for each in found.mechanisms)),
        tuple(
            (name, *(nano(money, each.gain_nano[row]) for each in found.mechanisms))
            for row, name in enumerate(found.members[:MOST_ROWS])
        ),
        ("all", *(nano(money, sum(each.gain_nano)) for each in found.mechanisms)),
        note=left_out(len(found.members), "--json"),
    )
