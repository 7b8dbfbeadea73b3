"""Answers from a reserve: the same as dividing anew, within its terms, and without lost assets."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.base.randomness import stream
from gridpact.scheduling.activation.columns import Direction
from gridpact.scheduling.activation.events import (
    Droop,
    Event,
    FrequencyDeviation,
    Request,
    SetPoint,
    asked_w,
    direction_of,
)
from gridpact.scheduling.activation.reserve import (
    NotReady,
    Terms,
    answer,
    prepare,
    without,
)
from gridpact.scheduling.activation.split import Rule, headroom, split, within_limits

UP, DOWN = Direction.UP, Direction.DOWN
BEGIN = 1_780_000_200


def drawn(plain, seed, count=60):
    """Assets in the zones of the plain tree, some equal in cost, and limits of which some bind."""
    draw = stream(seed, "reserve")
    table = draw.integers(0, 50, (count, 9))
    table[:, 0] -= 25
    table[:, 5:7] = draw.integers(-3, 9, (count, 2))
    table[:, 7], table[:, 8] = draw.integers(0, 2, count), draw.integers(0, 5, count)
    free = draw.integers(50, 400, (5, 2))
    limits = plain.limits([(p, *f) for p, f in zip(plain.parents, free.tolist(), strict=True)])
    return plain.assets(table), limits


def terms(**changed):
    return Terms(**{"begin": BEGIN, "end": BEGIN + 900, "sustained_s": 900} | changed)


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("seed", range(4))
def test_a_reserve_answers_as_dividing_anew_does(plain, rule, seed):
    assets, limits = drawn(plain, seed)
    reserve = prepare(assets, limits, terms(rule=rule, primary_w=40))
    for direction in (UP, DOWN):
        room = headroom(assets, direction, 900)
        room = within_limits(room, assets, limits, direction, rule)
        primary = split(room, assets, direction, 40, rule)
        room = room - primary.given_w
        for amount in (*range(0, 40, 7), 100, int(room.sum()), int(room.sum()) + 9):
            found = answer(SetPoint(BEGIN, amount * int(direction)), reserve)
            want = split(room, assets, direction, amount, rule)
            if amount:
                assert found.direction is direction
            assert found.given_w.tolist() == want.given_w.tolist()
            assert (found.missing_w, found.marginal_cost) == (want.missing_w, want.marginal_cost)


@pytest.mark.parametrize("rule", Rule)
def test_primary_and_all_else_together_stay_within_room_and_limits(plain, rule):
    assets, limits = drawn(plain, 9)
    reserve = prepare(assets, limits, terms(rule=rule, primary_w=70))
    inside = np.array(
        [[z in plain.above(plain.parents, own) for z in range(5)] for own in assets.zone]
    )
    for direction, mhz in ((UP, -500), (DOWN, 500)):
        contained = answer(FrequencyDeviation(BEGIN, mhz), reserve)
        restored = answer(SetPoint(BEGIN, 10**9 * int(direction)), reserve)
        both = contained.given_w + restored.given_w
        assert (both <= headroom(assets, direction, 900)).all()
        assert (both @ inside <= limits.of(direction)).all()
        assert contained.given_w.sum() == 70 - reserve.primary_missing_w[direction is DOWN]
        points = contained.set_points_w(assets)
        assert ((points >= assets.least_w) & (points <= assets.most_w)).all()
        assert (points - assets.power_w).sum() == -int(direction) * contained.given_w.sum()


def test_droop_by_hand():
    droop = Droop(np.array([1000, 400, 0]), np.array([0, 200, 800]))
    assert droop.given_w(-100).tolist() == [500, 200, 0]
    assert droop.given_w(100).tolist() == [0, 100, 400]
    assert droop.given_w(-10).tolist() == [0, 0, 0]
    assert droop.given_w(-11).tolist() == [55, 22, 0]
    assert droop.given_w(-200).tolist() == droop.given_w(-731).tolist() == [1000, 400, 0]


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(-1000, 1000))
def test_droop_is_proportional_to_the_watt(share, mhz):
    droop = Droop(np.array([share]), np.array([share]))
    size = min(abs(mhz), 200) if abs(mhz) > 10 else 0
    assert abs(int(droop.given_w(mhz)[0]) - share * size / 200) <= 0.5
    assert droop.given_w(mhz)[0] <= share


def test_a_request_rises_to_all_of_it_and_ends():
    event = Request(1000, -7500, 900)
    rising = [asked_w(event, 1000 + since) for since in (-1, 0, 75, 375, 749, 750, 1649, 1650)]
    assert rising == [0, 0, 750, 3750, 7490, 7500, 7500, 0]
    assert direction_of(event) is DOWN
    assert [asked_w(SetPoint(1000, -5), at) for at in (999, 1000, 5000)] == [0, 5, 5]


def test_a_request_moves_as_much_as_its_seconds_at_full_power():
    event = Request(0, 750_000, 901)
    rising = sum(asked_w(event, second) + asked_w(event, second + 1) for second in range(750)) / 2
    lasting = [asked_w(event, second) for second in range(750, 1651)]
    assert lasting == [750_000] * 901
    assert rising + sum(lasting) == event.power_w * event.full_s


def test_a_set_point_every_four_seconds_follows_the_signal(plain):
    assets, _ = drawn(plain, 3)
    reserve = prepare(assets, None, terms())
    signal = np.round(60 * np.sin(np.arange(225) / 20)).astype(int)
    for step, power in enumerate(signal.tolist()):
        found = answer(SetPoint(BEGIN + 4 * step, power), reserve)
        change = (found.set_points_w(assets) - assets.power_w).sum()
        assert change == -power


def test_a_reserve_says_what_it_is_not_made_for(plain):
    reserve = prepare(*drawn(plain, 1), terms())
    late = answer(SetPoint(BEGIN + 900, 5), reserve)
    assert late == NotReady("the reserve holds from 2026-05-28T20:30:00Z to 2026-05-28T20:45:00Z")
    long = answer(Request(BEGIN, 5, 526), reserve)
    assert long == NotReady("the reserve lasts 900 s, not 901 s")
    full = answer(Request(BEGIN, 50, 525), reserve)
    assert (full.asked_w, int(full.given_w.sum())) == (50, 50)
    assert answer(Request(BEGIN, 50, 525), reserve, BEGIN + 375).asked_w == 25


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("seed", range(4))
def test_others_step_in_for_lost_assets(plain, rule, seed):
    assets, limits = drawn(plain, seed)
    reserve = prepare(assets, limits, terms(rule=rule, primary_w=20))
    event = SetPoint(BEGIN, 90)
    first = answer(event, reserve)
    lost = np.flatnonzero(first.given_w)[::3]
    rest = without(without(reserve, lost[:1]), lost[1:])
    again = answer(event, rest)
    assert (again.given_w[lost] == 0).all()
    assert again.given_w.sum() + again.missing_w == 90
    assert again.missing_w == 0 or again.given_w.sum() == rest.up.room_w.sum()
    gone = {name: np.where(rest.out, 0, getattr(assets, name)) for name in ("up_wh", "down_wh")}
    gone = msgspec.structs.replace(assets, **gone)
    anew = prepare(gone, limits, terms(rule=rule, primary_w=20))
    assert answer(event, anew).given_w.tolist() == again.given_w.tolist()
    assert anew.droop.up_w.tolist() == rest.droop.up_w.tolist()


def test_in_merit_order_those_that_gave_all_go_on(plain):
    assets, _ = drawn(plain, 2)
    reserve = prepare(assets, None, terms())
    first = answer(SetPoint(BEGIN, 120), reserve)
    lost = np.flatnonzero(first.given_w)[:4]
    again = answer(SetPoint(BEGIN, 120), without(reserve, lost))
    kept = np.setdiff1d(np.arange(len(first.given_w)), lost)
    full = kept[first.given_w[kept] == reserve.up.room_w[kept]]
    assert (again.given_w[full] == first.given_w[full]).all()
    assert (again.given_w[kept] >= first.given_w[kept]).all()


def test_events_travel_as_messages():
    for event in (FrequencyDeviation(5, -20), SetPoint(5, 100), Request(5, -100, 900)):
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


def test_everything_wrong_with_assets_and_zones_is_named(plain):
    assets, limits = drawn(plain, 1, 3)
    wrong = msgspec.structs.replace(
        assets, up_wh=np.array([1, -2, 3]), zone=np.array([0, 0, 9]), due_s=np.zeros(2, np.int64)
    )
    with pytest.raises(BadInput) as caught:
        prepare(wrong, limits, terms())
    text = str(caught.value)
    assert all(part in text for part in ("up_wh[1]: -2", "zone[2]: 9", "due_s: has shape (2,)"))
    wrong = msgspec.structs.replace(assets, least_w=assets.power_w + 1)
    with pytest.raises(BadInput, match=r"least_w\[0\]: beyond power_w"):
        prepare(wrong, limits, terms())
    circle = msgspec.structs.replace(limits, parent=np.array([1, 0, 0, 1, 1]))
    with pytest.raises(BadInput, match=r"parent\[0\]: lies below itself"):
        prepare(assets, circle, terms())
    with pytest.raises(ValueError, match="a reserve lasts"):
        prepare(assets, limits, terms(sustained_s=0))
