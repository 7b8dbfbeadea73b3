"""Readiness for the loss of the grid, shown by losing it at every instant of the window."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.islands.transition import Ready, ready, residual_wh
from gridpact.scheduling.reference.highs import Search
from gridpact.scheduling.reference.solve import optimum, solution_of

GENERATOR = (600, 1_000)
BATTERY = (2_000, 1_500, 4_000)


def asked(**more):
    given_terms = {"first": 1, "end": 5, "carried_w": 1_000.0, "taken_w": 700.0}
    return Ready(zone=0, forming=np.array([0]), **{**given_terms, **more})


def solved(fleet, prices):
    found = optimum(fleet, prices, np.inf, Search())
    return None if found is None else solution_of(found, np.inf, Search())


@settings(deadline=None, max_examples=12)
@given(
    st.lists(st.integers(0, 2_000), min_size=6, max_size=6),
    st.lists(st.integers(0, 1_500), min_size=6, max_size=6),
    st.lists(st.integers(0, 400_000), min_size=6, max_size=6),
    st.sampled_from([900, 1_800, 3_600]),
)
def test_a_loss_at_any_instant_is_carried(tools, load, solar, spot, sustained_s):
    fleet = tools.microgrid(load, solar, battery=BATTERY, generator=GENERATOR)
    terms = asked(sustained_s=sustained_s)
    found = solved(ready(fleet, terms), Prices(np.array([spot], float)))
    residual, state = residual_wh(fleet, terms, found), BATTERY[0]
    plan = found.schedules()
    for slot in range(6):
        after = state + plan.charge_wh[0, slot] - plan.discharge_wh[0, slot]
        if 1 <= slot < 5:
            assert -700 - 1e-3 <= residual[slot] <= 1_000 + 1e-3
            for share in np.linspace(0, 1, 5):  # lost when so much of the slot has passed
                carried = state + share * (after - state)
                now = min(sustained_s / 3600, 1 - share)  # the rest is carried in the next slot
                used = residual[slot] * now
                used += residual[slot + 1] * (sustained_s / 3600 - now)
                assert -1e-3 <= carried - used <= BATTERY[2] + 1e-3
        state = after


def test_the_generator_runs_where_the_battery_could_not_carry_alone(tools):
    """1.6 kW of load at 1 kW ready: the dear generator gives 0.6 kW, until a loss is over."""
    fleet = tools.microgrid([1_600] * 6, [0] * 6, battery=BATTERY, generator=GENERATOR)
    found = solved(ready(fleet, asked(first=2, end=4)), tools.flat(6, 10_000))
    given_wh = found.schedules().generators_wh[0]
    np.testing.assert_allclose(given_wh, [0, 0, 600, 600, 600, 0], atol=1e-3)
    without = solved(fleet, tools.flat(6, 10_000))
    assert not without.schedules().generators_wh.any()


def test_rows_that_were_there_are_kept(tools):
    fleet = tools.microgrid([500] * 6, [0] * 6, generator=GENERATOR, tank=900)
    found = ready(fleet, asked())
    assert found.portfolio.lower_wh[0] == -900
    assert len(found.portfolio.set_of_row) == 1 + 5


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"first": 5, "end": 5}, "no window"),
        ({"carried_w": 1_600.0}, "discharge_w of 1500 W, not 1600 W"),
        ({"sustained_s": 4 * 3600}, "too small"),
        ({"first": 0, "carried_w": 1_500.0, "sustained_s": 7_200}, "holds 2000 Wh, not enough"),
        ({"carried_w": -1.0}, "0 or more"),
    ],
)
def test_what_storage_cannot_carry_is_refused(tools, terms, reason):
    fleet = tools.microgrid([500] * 6, [0] * 6, battery=BATTERY)
    with pytest.raises(ValueError, match=reason):
        ready(fleet, asked(**terms))


def test_storage_that_may_discharge_only_so_much_cannot_follow(tools):
    fleet = tools.microgrid([500] * 6, [0] * 6, battery=BATTERY)
    limited = msgspec.structs.replace(fleet.storage, throughput_wh=1e6)
    with pytest.raises(ValueError, match="only so much in all"):
        ready(msgspec.structs.replace(fleet, storage=limited), asked())
