"""What mixed plans come to behind meters, and in zones whose assets are in the cell of another."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES
from gridpact.scheduling.fleet.groups import Block
from gridpact.scheduling.fleet.homes import HOMES, HomeOracle
from gridpact.scheduling.fleet.mixture import Mixture
from gridpact.scheduling.fleet.net_metering import Meter, feed_in_cost


def taken(mixture: Mixture, zones: Bools) -> Floats:
    """Net energy of the assets in these zones themselves by the mix [zones, slots] kWh."""
    total = np.zeros((len(zones), mixture.fleet.slots))
    for name in TABLES:
        rows = mixture.rows(name, zones)
        if rows.size:
            plans = mixture.plans(name, rows)
            net = plans[:, 0] - plans[:, 1] if name == "storage" else plans[:, 0]
            np.add.at(total, np.asarray(getattr(mixture.fleet, name).zone)[rows], net)
    return total


def mixed_feed_in(mixture: Mixture) -> Floats:
    """What meters whose kink assets know add to the cost, plan by plan of the mix [zones] ¤."""
    meters = mixture.meters
    cost = np.zeros(len(meters.place))
    for number, block in enumerate(mixture.groups.blocks):
        layout = block.layout
        zone = _zones(mixture, block)
        for own in range(len(layout.first) - 1):
            members = np.arange(layout.first[own], layout.first[own + 1])
            if not (meters.single | meters.home)[zone[members[0]]]:
                continue
            for asked, share, plans in mixture.answers(number, own, members):
                at = zone[asked]
                meter = Meter(meters.load[at], meters.tariff.spread[at])
                added = feed_in_cost(meter, _net(block, asked, plans))
                np.add.at(cost, at, share * added.sum(axis=1))
    return cost


def _zones(mixture: Mixture, block: Block) -> Ints:
    """Zone of every asset of a block [sorted rows]."""
    if block.table == HOMES:
        return np.asarray(mixture.groups.homes.zone[block.layout.rows])
    return np.asarray(getattr(mixture.fleet, block.table).zone)[block.layout.rows]


def _net(block: Block, rows: Ints, plans: Floats) -> Floats:
    """Net energy of plans [n, slots]."""
    if isinstance(block.oracle, HomeOracle):
        signs = [block.oracle.homes[row].sign for row in rows.tolist()]
        return np.array([sign @ plan[: len(sign)] for sign, plan in zip(signs, plans, strict=True)])
    return np.asarray(plans[:, 0] - plans[:, 1] if block.table == "storage" else plans[:, 0])
