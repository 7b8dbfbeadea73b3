"""Members' bills side by side, by groups of lines."""

from __future__ import annotations

import numpy as np

from gridpact.app.report.parts import Table
from gridpact.app.report.text import kwh, number
from gridpact.app.report.view import View
from gridpact.base.units import Floats, Ints, checked_sum

MOST_ROWS = 60
HEADS = {
    "spot": "local trades",
    "sharing": "sharing",
    "supplier": "supplier",
    "network": "network and levy",
    "imbalance": "imbalance",
}


def head_of(name: str) -> str:
    """Group of a contract's lines: ``spot.intraday-0900`` and ``spot.day-ahead`` are trades."""
    first = name.split(".", 1)[0]
    return HEADS.get(first, first)


def table(view: View) -> Table:
    """One row per member, as many as fit on paper, and the sum over all."""
    members, heads, count = view.community.members, _heads(view), len(view.community.members.ids)
    energy, money = _energies(view), _amounts(view, heads)
    rows = [
        (members.ids[at], members.roles[at], *_cells(view, energy[:, at], money[:, at]))
        for at in range(min(count, MOST_ROWS))
    ]
    note = (
        f"The first {MOST_ROWS} of {number(count)} members; all are in bills.csv."
        if count > MOST_ROWS
        else "Every line, with its exact amount, is in statements.csv."
    )
    quantities, ends = ("withdrawn [kWh]", "injected [kWh]"), ("bill", "supplier only", "saving")
    return Table(
        "bills",
        f"Bills [{view.money.currency}]: positive is what the member pays",
        ("member", "role", *quantities, *heads, *ends),
        tuple(rows),
        ("all", "", *_cells(view, energy.sum(axis=1), checked_sum(money, axis=1))),
        names=2,
        note=note,
    )


def _heads(view: View) -> list[str]:
    """Groups of lines that occur, the usual ones first."""
    found = {head_of(kind.contract) for kind in view.bills.kinds}
    usual = [head for head in HEADS.values() if head in found]
    return usual + sorted(found - set(usual))


def _amounts(view: View, heads: list[str]) -> Ints:
    """Minor units [groups, then bill, supplier only and saving; members]."""
    bills = view.bills
    groups = [
        checked_sum(bills.paid_minor[[head_of(k.contract) == head for k in bills.kinds]], axis=0)
        for head in heads
    ]
    return np.stack([*groups, bills.total_minor, bills.supplier_only_minor, bills.saving_minor])


def _energies(view: View) -> Floats:
    """Withdrawn and injected Wh over known slots [2, members]; NaN where a member has none."""
    both = np.stack([view.read.withdrawal, view.read.injection])
    return np.where(np.isnan(both).all(axis=2), np.nan, np.nansum(both, axis=2))


def _cells(view: View, energy: Floats, money: Ints) -> tuple[str, ...]:
    shown = [kwh(float(value), 1) for value in energy]
    return (*shown, *(view.money.minor(amount) for amount in money.tolist()))
