"""A limit more never lowers the cost, and one less never raises it, whatever limit it is."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Portfolio, per_slot
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.reference.solve import solve as solve_whole

PENALTY = 5_000_000.0
KINDS = ("import", "export", "row")


def limited(fleet, draw, kind):
    """The fleet with one limit more: of a zone in some slots, or a row of all of a zone."""
    zones, slots = len(fleet.zones.parent), fleet.slots
    zone, first = int(draw.integers(0, zones)), int(draw.integers(0, slots - 1))
    end = first + int(draw.integers(1, slots - first + 1))
    if kind == "row":
        return msgspec.structs.replace(fleet, portfolio=with_row(fleet, draw, zone, (first, end)))
    name = f"{kind}_limit_w"
    limit = np.array(per_slot(getattr(fleet.zones, name), zones, slots))
    limit[zone, first:end] = np.minimum(limit[zone, first:end], draw.uniform(0, 8_000))
    zones = msgspec.structs.replace(fleet.zones, **{name: limit})
    return msgspec.structs.replace(fleet, zones=zones)


def with_row(fleet, draw, zone, window):
    """The portfolio with one row more, on a set of its own."""
    old, bound = fleet.portfolio, draw.uniform(-2_000, 3_000)
    free = int(max(old.set_of_row.max(initial=-1), old.zone_set.max(), old.asset_set.max())) + 1
    added = {
        "set_of_row": free,
        "first": window[0],
        "end": window[1],
        "lower_wh": -np.inf,
        "upper_wh": bound,
        "zone_set": free,
        "zone": zone,
    }
    columns = {name: np.append(getattr(old, name), value) for name, value in added.items()}
    return msgspec.structs.replace(old, **columns)


def at_most(one, other):
    return one <= other + 1e3 + 1e-7 * max(abs(one), abs(other))


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10_000), discrete=st.booleans())
@settings(deadline=None, max_examples=25)
def test_a_limit_more_never_lowers_the_least_cost(fleets, kind, seed, discrete):
    kinds = fleets.CONTINUOUS + (fleets.DISCRETE if discrete else ())
    fleet, prices = fleets.random_fleet(seed, kinds, slots=(8, 12))
    more = limited(fleet, stream(seed, "limits", kind), kind)
    assert isinstance(more.portfolio, Portfolio)
    without, bound = (solve_whole(each, prices, PENALTY) for each in (fleet, more))
    assert at_most(without.lower_nano, bound.upper_nano)
    assert without.gap <= 1e-6
    assert bound.gap <= 1e-6


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=15)
def test_the_engine_s_bounds_cross_neither_way(fleets, kind, seed):
    """Bounds of both are those of one penalty, so they can be compared."""
    fleet, prices = fleets.random_fleet(seed, slots=(8, 12))
    more = limited(fleet, stream(seed, "limits", kind), kind)
    options = Options(gap=1e-4, penalty=PENALTY, method="engine")
    without, bound = (solve(each, prices, options) for each in (fleet, more))
    if without.penalty == bound.penalty:
        assert at_most(without.lower_nano, bound.upper_nano)
        scale = max(abs(without.upper_nano), abs(bound.upper_nano))
        slack = (without.gap + bound.gap) * scale
        assert at_most(without.upper_nano, bound.upper_nano + slack)
