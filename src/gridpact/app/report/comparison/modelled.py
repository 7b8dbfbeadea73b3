"""Central, peer-to-peer and coalition models of one community: gains, errors, stability."""

from __future__ import annotations

from gridpact.app.compare.books import BooksCompared
from gridpact.app.compare.models import Model
from gridpact.app.report.comparison.amounts import gini, leaving, nano, stable, units, who_gains
from gridpact.app.report.comparison.plots import dots
from gridpact.app.report.parts import Figure, Section, Table
from gridpact.app.report.text import MISSING, Money, kwh, number


def section(found: BooksCompared, money: Money) -> Section:
    """What each model comes to on the same needs, as a table and a plot."""
    lead = (
        "Central and peer-to-peer models on what meters read, as if everyone had known it: each "
        "member’s limit is its supplier’s price."
    )
    figure = Figure(
        "models-gains",
        "Gains by member",
        f"What each model gains each member beside the supplier alone [{money.currency}].",
        dots(
            "models",
            [each.name for each in found.models],
            [units(each.gain_nano) for each in found.models],
            money.currency,
        ),
    )
    return Section(
        "models", "Central, peer to peer, or as one", lead, (_modelled(found, money), figure)
    )


def _modelled(found: BooksCompared, money: Money) -> Table:
    searched = [each.examined for each in found.models if not each.every]
    note = (
        f"{number(max(searched))} coalitions at most were examined of all there are: one that "
        "would leave may have been missed."
        if searched
        else "Every coalition was examined."
    )
    return Table(
        "modelled",
        "Volume, gains and stability",
        _columns(money.currency),
        tuple(_row(each, money) for each in found.models),
        groups=(("", 5), (f"gain of a member [{money.currency}]", 3), ("", 3)),
        note=note,
    )


def _columns(unit: str) -> tuple[str, ...]:
    return (
        "model",
        "traded [kWh]",
        f"welfare [{unit}]",
        "gain / lose",
        "Gini",
        "lowest",
        "median",
        "highest",
        f"largest standard error [{unit}]",
        "stable",
        f"would leave for [{unit}]",
    )


def _row(found: Model, money: Money) -> tuple[str, ...]:
    return (
        found.name,
        kwh(found.volume_wh, 1),
        nano(money, found.welfare_nano),
        who_gains(found.spread),
        gini(found.spread),
        nano(money, found.spread.lowest_nano),
        nano(money, round(found.spread.median_nano)),
        nano(money, found.spread.highest_nano),
        _error(found, money),
        stable(found),
        leaving(found, money),
    )


def _error(found: Model, money: Money) -> str:
    """Six digits, as it is small beside the minor unit; a dash where nothing is estimated."""
    largest = max(found.standard_error_nano)
    return money.exact(round(largest))[:-3] if largest else MISSING
