"""The figures a reader wants first."""

from __future__ import annotations

import numpy as np

from gridpact.app.report.energy import ratios
from gridpact.app.report.limits import exceeded, unmet
from gridpact.app.report.parts import Tile
from gridpact.app.report.quality import readings
from gridpact.app.report.series import known
from gridpact.app.report.text import MISSING, counted, kwh, number, percent, price
from gridpact.app.report.view import View
from gridpact.app.turnover import turnover
from gridpact.base.units import checked_sum
from gridpact.registry.model import Community

_THINGS = {
    "battery": "with a battery",
    "car": "with a car",
    "heat_pump": "with a heat pump",
}


def tiles(view: View) -> tuple[Tile, ...]:
    """Headline figures in the order of the page."""
    return (*_energy(view), *_market(view), *_money(view), *_order(view))


def _energy(view: View) -> tuple[Tile, ...]:
    community, balance = view.community, view.balance
    imported, use, exported, solar = ratios(balance)
    local, taken = known(balance.local), known(balance.withdrawal)
    plants = np.unique(community.pv.member).size
    counts = {"with solar": plants, **{_THINGS[k]: _owners(community, k) for k in _THINGS}}
    fleet = [f"{number(count)} {name}" for name, count in counts.items() if count]
    settled = bool(view.bills.days)
    return (
        Tile("Members", number(len(community.members.ids)), "", ", ".join(fleet)),
        Tile(
            "Used among neighbours",
            kwh(local) if settled else MISSING,
            "kWh",
            f"{percent(local, taken)} of what was withdrawn" if settled else "not settled yet",
        ),
        Tile(
            "Self-sufficiency",
            percent(use - imported, use),
            "",
            f"{kwh(imported)} of {kwh(use)} kWh came from outside",
        ),
        Tile(
            "Self-consumption",
            percent(solar - exported, solar),
            "",
            f"{kwh(exported)} of {kwh(solar)} kWh solar left the community",
        ),
    )


def _owners(community: Community, kind: str) -> int:
    """How many members have storage of a kind."""
    mine = [each == kind for each in community.storage.kind]
    return np.unique(community.storage.member[np.array(mine, np.bool_)]).size


def _market(view: View) -> tuple[Tile, ...]:
    made, shared = turnover(view.community, view.sessions), known(view.balance.shared)
    return (
        Tile(
            "Local trades",
            kwh(made.energy_wh),
            "kWh",
            f"in {number(len(view.sessions))} sessions, and {kwh(shared)} kWh shared by key",
        ),
        Tile(
            "Average local price",
            price(made.price),
            f"{view.money.currency}/kWh",
            "of trades, weighted by energy, before network and levy",
        ),
    )


def _money(view: View) -> tuple[Tile, ...]:
    bills, money = view.bills, view.money
    if not bills.days:
        return ()
    saving, alone = (
        int(checked_sum(bills.saving_minor)),
        int(checked_sum(bills.supplier_only_minor)),
    )
    paid = money.minor(int(checked_sum(bills.total_minor)))
    return (
        Tile(
            "Saved against supplier only",
            money.minor(saving),
            money.currency,
            f"members pay {paid} instead of {money.minor(alone)} {money.currency}: same behaviour, "
            "same readings, the scenario’s supplier tariff",
        ),
    )


def _order(view: View) -> tuple[Tile, ...]:
    over, found = int(exceeded(view).sum()), readings(view)
    open_ends = len(unmet(view))
    return (
        Tile(
            "Limits",
            "kept" if not over else f"{number(over)} × exceeded",
            "",
            f"{counted(open_ends, 'need or limit', 'needs or limits')} schedules could not meet"
            if open_ends
            else "schedules met every need and limit",
        ),
        Tile(
            "Readings measured",
            percent(found.expected - found.estimated, found.expected, 2),
            "",
            f"{number(found.estimated)} of {number(found.expected)} estimated",
        ),
    )
