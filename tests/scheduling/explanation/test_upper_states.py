"""The most that is asked of states gives way before limits of the grid do, and as little as can."""

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.explanation.words import words
from gridpact.scheduling.fleet.assets import Battery, GridConnection, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.model import Assets, Direction, Group, PowerCap, StateOfCharge
from gridpact.scheduling.needs.times import Moment, Window
from gridpact.scheduling.priorities.levels import Level

NOON, SLOTS, STEP = 1_777_802_400, 8, 1800
"""Noon of 3 May 2026 in Berlin; half hours."""


def street(stored, most, load=0.0):
    """Lossless batteries of 10 kWh and 5 kW that hold so much, and what may leave their street."""
    names = [f"battery-{at}" for at in range(len(stored))]
    site = Site(
        fleet=build(
            SLOTS,
            STEP,
            [GridConnection("S", load_wh=load)],
            [Battery("S", 10_000, 5_000, one, efficiency=1.0) for one in stored],
        ),
        prices=Prices(np.full(SLOTS, 200_000.0)),
        start=NOON,
        timezone="Europe/Berlin",
        directory=Directory(
            tuple(
                Asset(id=name, owner=f"home-{at}", kind="battery", zone="S", capacity_wh=10_000)
                for at, name in enumerate(names)
            ),
            {"S": ""},
            frozenset({"dso"}),
        ),
        places={name: ("storage", at) for at, name in enumerate(names)},
        zones={"S": 0},
    )
    limit = PowerCap(
        id="limit", owner="dso", subject=Group("zone", ("S",)), level=Level.GRID,
        direction=Direction.GIVE, window=Window(12 * 3600, 16 * 3600), most_w=most,
    )  # fmt: skip
    return site, limit


def state(at, slot, **asked):
    return StateOfCharge(
        id=f"need-{at}-{slot}", owner=f"home-{at}", subject=Assets((f"battery-{at}",)),
        at=Moment(12 * 3600 + (slot + 1) * STEP), **asked,
    )  # fmt: skip


def test_a_battery_keeps_what_its_street_does_not_let_out():
    """5 kWh are to be 1 kWh in an hour, in which 1 kWh may leave."""
    site, limit = street([5_000], 1_000)
    found = explain(site, [state(0, 1, most_wh=1_000), limit])
    (part,) = found.joint.parts
    assert (part.need, part.level) == ("need-0-1", Level.NEEDS)
    assert part.missing_wh == pytest.approx(3_000, abs=1)
    assert found.joint.fits
    said = words(found, site, "dso")
    assert any("keeping limit, and missing 3.00 kWh of need-0-1" in one for one in said)


def test_a_need_of_both_sides_gives_on_the_side_that_clashes():
    """The least of it is kept: between 0.5 and 1 kWh, and 4 kWh are held."""
    site, limit = street([5_000], 1_000)
    found = explain(site, [state(0, 1, least_wh=500, most_wh=1_000), limit])
    assert sum(one.missing_wh for one in found.joint.parts) == pytest.approx(3_000, abs=1)
    assert found.joint.fits


@pytest.mark.parametrize("seed", range(10))
def test_as_little_is_missed_as_in_a_dense_programme(seed, dense):
    draw = stream(seed, "upper states")
    stored = draw.integers(2_000, 9_000, int(draw.integers(1, 4))).tolist()
    site, limit = street(stored, int(draw.integers(2, 20)) * 100, load=float(draw.integers(0, 200)))
    needs = []
    for at in range(len(stored)):
        needs.append(state(at, int(draw.integers(1, 5)), most_wh=int(draw.integers(0, 3_000))))
        if draw.random() < 0.6:
            needs.append(state(at, 7, least_wh=int(draw.integers(1, 8_000))))
    found = explain(site, [*needs, limit])
    wanted = least_missed(dense.Dense(), site, needs, limit.most_w * STEP / 3600)
    given = found.joint.parts if found.joint else ()
    assert {one.level for one in given} <= {Level.NEEDS}
    assert sum(one.missing_wh for one in given) == pytest.approx(wanted, abs=2)
    assert not given or found.joint.fits


def least_missed(programme, site, needs, most_wh):
    """Least that needs miss in all [Wh], each once at its latest, where a limit is kept."""
    table, load = site.fleet.storage, float(site.fleet.zones.load_wh[0][0])
    states, out = [], [[] for _ in range(SLOTS)]
    for row in range(len(table.zone)):
        before, own = None, []
        for slot in range(SLOTS):
            moved, held = programme.column(-2_500, 2_500), programme.column(0, 10_000)
            terms = [(held, 1), (moved, -1)] + ([(before, -1)] if before is not None else [])
            start = float(np.broadcast_to(table.initial_wh, len(table.zone))[row])
            right = start if before is None else 0
            programme.row(right, right, *terms)
            out[slot].append((moved, -1))
            own.append(held)
            before = held
        states.append(own)
    for terms in out:
        programme.row(-np.inf, most_wh + load, *terms)
    missed = []
    for need in needs:
        at, slot = (int(one) for one in need.id.split("-")[1:])
        missed.append((programme.column(0, np.inf), 1))
        if need.most_wh is not None:
            programme.row(-np.inf, need.most_wh, (states[at][slot], 1), (missed[-1][0], -1))
        else:
            programme.row(need.least_wh, np.inf, (states[at][slot], 1), (missed[-1][0], 1))
    return programme.minimise(missed)[0]
