"""A device can make its schedule alone, from public prices and weights and what it knows itself."""

import msgspec
import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import rows_of
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.separation import separate, states
from gridpact.scheduling.fleet.solve import solve

ALONE = Layout(np.array([0]), np.array([0, 1]))


def own_plan(solution, fleet, number, at):
    """Mix the plans of one asset of a block, whose oracle knows no other asset; kWh."""
    source = solution.source
    block, row = source.groups.blocks[number], source.groups.blocks[number].layout.rows[at]
    single = rows_of(getattr(fleet, block.table), np.array([row]))
    oracle = type(block.oracle).build(single, ALONE, fleet.slots, fleet.hours)
    own = np.searchsorted(block.layout.first, at, side="right") - 1
    group = int(block.place[own])
    public = [
        (share, source.asked_at[born].of(source.groups, np.array([group]))[0])
        for born, share in source.shares.of(group)
    ]
    assert sum(share for share, _ in public) == pytest.approx(1)
    return row, single, sum(share * oracle.plans(np.array([0]), at)[0] for share, at in public)


def separated(solution, fleet, single, plan):
    """States of one storage that never charges and discharges at once; tight slots are public."""
    charge, discharge = 1000 * plan[:, None]
    source = solution.source
    tight = source.tight[np.searchsorted(source.groups.zone, single.zone)]
    separate(single, np.array([0]), fleet.hours, tight, (charge, discharge))
    return states(single, np.array([0]), charge, discharge)[0]


@pytest.mark.parametrize("seed", range(12))
def test_schedules_are_what_each_device_makes_for_itself(fleets, seed):
    fleet, prices = fleets.random_fleet(seed, prices=("any", "two")[seed % 2], assets=(6, 12))
    tariff = msgspec.structs.replace(prices, sell=None)  # without meters, that answer as one
    solution = solve(fleet, tariff, Options(gap=1e-4, penalty=5e6, method="engine"))
    schedules, tables = solution.schedules(), set()
    for number, block in enumerate(solution.source.groups.blocks):
        tables.add(block.table)
        for at in range(len(block.layout.rows)):
            row, single, plan = own_plan(solution, fleet, number, at)
            if block.table == "storage":
                made, found = separated(solution, fleet, single, plan), schedules.state_wh[row]
            elif block.table == "one_way":
                made, found = 1000 * plan[0], schedules.one_way_wh[row]
            else:
                made, found = -1000 * plan[0], schedules.output_wh[row]
            np.testing.assert_allclose(found, made, atol=1e-6)
    assert tables <= {"one_way", "storage", "curtailable"}
    assert tables
