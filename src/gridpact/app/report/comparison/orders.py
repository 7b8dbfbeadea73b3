"""Mechanisms on the orders of a file: what is traded at which prices, and who gains."""

from __future__ import annotations

from gridpact.app.compare.orders import OrdersCompared
from gridpact.app.report.comparison import outcomes
from gridpact.app.report.comparison.amounts import MOST_ROWS, left_out, nano, units
from gridpact.app.report.comparison.plots import dots
from gridpact.app.report.parts import Figure, Section, Table, Tile
from gridpact.app.report.rendering import Page
from gridpact.app.report.text import Money, counted, kwh, number

GLOSSARY = (
    ("gain", "what a member gains beside its own limits: a buyer pays less, a seller gets more"),
    ("welfare", "what buyers would have paid at most less what sellers asked at least"),
    ("price", "what sellers get; the mean is weighted by energy"),
    ("Gini", "0 where all gain the same, near 1 where one gains all; – where nobody gains"),
    ("¤", "the currency of the file, which has no name"),
    ("–", "not known or not applicable; never zero"),
)
_MONEY = Money("¤", 10_000_000)


def page(found: OrdersCompared) -> Page:
    """Lay the comparison out."""
    most = max(found.mechanisms, key=lambda each: each.welfare_nano)
    return Page(
        kind="gridpact comparison of mechanisms",
        title=found.file,
        period=counted(found.orders, "order", "orders"),
        place=counted(found.slots, "slot", "slots"),
        tiles=(
            Tile("Members", number(len(found.members)), "", "with orders or named in one"),
            Tile("Most welfare", nano(_MONEY, most.welfare_nano), "¤", f"under {most.name}"),
            Tile("Traded then", kwh(most.volume_wh), "kWh", ""),
        ),
        sections=(
            outcomes.section(found.mechanisms, found.remarks, _MONEY),
            Section("gains", "Who gains", "", (_figure(found), _members(found))),
        ),
        glossary=GLOSSARY,
    )


def _figure(found: OrdersCompared) -> Figure:
    labels = [each.name for each in found.mechanisms]
    amounts = [units(each.gain_nano) for each in found.mechanisms]
    caption = "What each member gains beside its own limits [¤]; members lie in the same order."
    return Figure("gains-plot", "Gains by member", caption, dots("gains", labels, amounts, "¤"))


def _members(found: OrdersCompared) -> Table:
    return Table(
        "members",
        "Gains by member [¤]",
        ("member", *(each.name for each in found.mechanisms)),
        tuple(
            (name, *(nano(_MONEY, each.gain_nano[row]) for each in found.mechanisms))
            for row, name in enumerate(found.members[:MOST_ROWS])
        ),
        ("all", *(nano(_MONEY, sum(each.gain_nano)) for each in found.mechanisms)),
        note=left_out(len(found.members), "--json"),
    )
