"""Who was seen to be there counts before who was said to be."""

import msgspec
import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.scheduling.operation.model import resting
from gridpact.scheduling.operation.presence import met


@pytest.fixture
def stated(bare, community_of, rules_of, clock):
    """The car is away until ten, and a trip takes 6 kWh out of it as it comes."""
    day = bare.day(community_of(rules_of()))
    horizon = Slots(clock(8), 900, 60)
    needs = day.needs("s", horizon)
    draw = needs.draw_wh.copy()
    draw[1, 8] = 6000
    return day.community, msgspec.structs.replace(needs, draw_wh=draw)


def test_what_is_said_counts_where_nothing_else_was_seen(stated):
    community, needs = stated
    seen = met(needs, resting(3), community)
    for name in ("charge_max_wh", "discharge_max_wh", "draw_wh", "lo_wh", "hi_wh"):
        assert getattr(seen, name).tolist() == getattr(needs, name).tolist()


def test_a_car_that_came_early_can_be_charged_and_its_trip_is_over(stated):
    community, needs = stated
    operation = msgspec.structs.replace(resting(3), early=np.array([False, True, False]))
    seen = met(needs, operation, community)
    assert not needs.charge_max_wh[1, :8].any()
    assert seen.charge_max_wh[1].tolist() == [2000] * 60
    assert not seen.draw_wh.any()
    assert seen.charge_max_wh[[0, 2]].tolist() == needs.charge_max_wh[[0, 2]].tolist()


def test_what_is_missing_is_not_counted_on_for_an_hour(stated):
    community, needs = stated
    operation = msgspec.structs.replace(resting(3), missing=np.array([True, False, False]))
    seen = met(needs, operation, community)
    assert seen.charge_max_wh[0].tolist() == [0] * 4 + [1000] * 56
    assert seen.discharge_max_wh[0].tolist() == [0] * 4 + [1000] * 56
    assert seen.draw_wh.tolist() == needs.draw_wh.tolist()


def test_an_early_car_is_charged_before_its_time_where_that_is_needed(driven, clock):
    """12 kWh by noon take six slots of 2 kWh; the four from ten to eleven would not do."""
    day = driven()
    day.heard(clock(8, 45), state=[4000, 20_000, 2000])
    day.say("car >= 38 kWh at 11:00")
    late = day.nearing(clock(9, 15))
    assert late.missed.needs_wh == 10_000
    day.heard(clock(9), state=[4000, 20_000, 2000], there=[True, True, True])
    early = day.nearing(clock(9, 30))
    assert early.missed.needs_wh == 6_000
    assert early.instead.needs_wh == 10_000
    assert early.plan.charge_wh[1, :6].tolist() == [2000] * 6
