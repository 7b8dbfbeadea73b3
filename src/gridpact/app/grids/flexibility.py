"""Flexibility that a file offers at the nodes of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gridpact.app.grids.rows import (
    NODE,
    SLOT,
    SLOTS,
    Nodes,
    Rows,
    Said,
    check_slot,
    first_slot,
    read_rows,
)
from gridpact.app.orders.fields import Field, Kind
from gridpact.base.slots import Slots
from gridpact.contracts.tables.faults import Report
from gridpact.market.flexibility.offers import HIGHEST_PRICE, LARGEST_W, Direction, Offers

DIRECTIONS = {"up": Direction.UP, "down": Direction.DOWN}
FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("provider", Kind.NAME, "", "who offers", required=True),
        NODE,
        Field("direction", Kind.NAME, "", "up feeds in more or draws less", required=True),
        SLOT,
        SLOTS,
        Field("power", Kind.POWER, "", "the most that can be called", required=True),
        Field("least", Kind.POWER, "", "the least that can be called, if anything is"),
        Field("price", Kind.PRICE, "", "for energy called, either way", required=True),
    )
}


class Offered(NamedTuple):
    """Offers as columns; the ``sequence`` of each is its line in the file.

    ``providers`` are who offers, in the order of their rows; ``left_out`` is how many offers are
    for slots beside those of the market.
    """

    offers: Offers
    providers: tuple[str, ...]
    left_out: int

    def name(self, sequence: int) -> str:
        """Name an offer by its provider and its line."""
        row = int(np.flatnonzero(self.offers.sequence == sequence)[0])
        return f"{self.providers[int(self.offers.provider[row])]} (line {sequence})"


def read_offers(path: Path, nodes: Nodes, step_s: int, report: Report) -> Rows:
    """Read a file of offers; raises BadInput where it cannot be told into rows, notes all else."""
    rows = read_rows(path, FIELDS, "offer", report)
    for said in rows.said:
        nodes.row(str(said.values["node"]), said.line, report)
        check_slot(said, step_s, report)
        _check(said, report)
    return rows


def offers_in(said: Sequence[Said], nodes: Nodes, window: Slots, report: Report) -> Offered:
    """Put the offers for slots of a window into columns."""
    within = [each for each in said if _inside(each, window)]
    providers = tuple(sorted({str(each.values["provider"]) for each in within}))
    rows = [
        (
            each.line,
            providers.index(str(each.values["provider"])),
            nodes.row(str(each.values["node"]), each.line, report),
            int(DIRECTIONS[str(each.values["direction"])]),
            first_slot(each, window),
            each.number("slots", 1),
            each.number("power"),
            each.number("least"),
            each.number("power"),  # the ramp: from slot to slot it may change freely
            0,
            0,
            each.number("price"),
        )
        for each in within
    ]
    columns = np.array(rows, dtype=np.int64).reshape(-1, len(Offers.__struct_fields__)).T.copy()
    return Offered(Offers(*columns), providers, len(said) - len(within))


def nothing_offered() -> Offered:
    """Return no offers at all."""
    return offers_in([], Nodes(()), Slots(0, 1, 0), Report(""))


def _inside(said: Said, window: Slots) -> bool:
    first = first_slot(said, window)
    return first >= 0 and first + said.number("slots", 1) <= window.count


def _check(said: Said, report: Report) -> None:
    if said.values["direction"] not in DIRECTIONS:
        problem = f"{said.values['direction']!r} is neither up nor down"
        fix = "write up for feeding in more or drawing less, down for the reverse"
        report.add(said.line, "direction", problem, fix)
    power, least, price = (said.number(name) for name in ("power", "least", "price"))
    if not 1 <= power <= LARGEST_W:
        report.add(said.line, "power", f"{power:,} W is no power to offer", "offer 1 W to 10 GW")
    if not 0 <= least <= power:
        problem = f"{least:,} W is not within nothing and the power"
        report.add(said.line, "least", problem, "name at most the power that is offered")
    if not 0 <= price <= HIGHEST_PRICE:
        problem = f"{price / 1e6:g} ¤/kWh is no price to offer at"
        report.add(said.line, "price", problem, f"ask 0 to {HIGHEST_PRICE // 10**6:,} ¤/kWh")
