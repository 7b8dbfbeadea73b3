"""Reasons: the rule written out entry by entry, and what others may read of it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.diaries.derivation import changes
from gridpact.scheduling.diaries.pulls import Signals
from gridpact.scheduling.diaries.reasons import (
    Cause,
    InForce,
    Kind,
    readable,
    reasons_of,
)

SLOTS, ASSETS, ZONES, STEP = 5, 4, 3, 900
PARENT, ZONE = [-1, 0, 1], [0, 1, 2, 2]
CAUSES = (
    Cause(Kind.NEED, "n1", "home-1"),
    Cause(Kind.INTERVENTION, "i1", "home-2"),
    Cause(Kind.NEED, "n2", "home-2"),
    Cause(Kind.ACTIVATION, "a1"),
    *(Cause(Kind.LIMIT, f"zone {zone}") for zone in range(ZONES)),
    Cause(Kind.CONTRACT, "c1"),
)
LIMITS = np.arange(4, 7)


def numbers(rows, low, high, columns=SLOTS):
    row = st.lists(st.integers(low, high), min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows).map(np.array)


@st.composite
def cases(draw):
    signals = Signals(
        bought=draw(numbers(ZONES, 0, 3)).astype(float),
        sold=draw(numbers(ZONES, 0, 3)).astype(float),
        limits=draw(numbers(ZONES, -1, 2)).astype(float),
        parent=np.array(PARENT),
        zone=np.array(ZONE),
    )
    held = draw(st.lists(st.tuples(
        st.sampled_from((0, 1, 2, 3, 7)), st.integers(0, ASSETS - 1), st.integers(0, SLOTS - 1),
        st.integers(1, SLOTS), st.integers(-1, 1), st.sampled_from((0, 1, 2, 400)),
    ), max_size=6))  # fmt: skip
    return draw(numbers(ASSETS, -2, 2)) * 1000, signals, held


def steps(prices, slot):
    before = sum(prices) / len(prices) if slot == 0 else prices[slot - 1]
    return before - prices[slot]


def expected(signals, held, asset, slot, powers):
    """Kinds and names that the rule allows for one entry, worked out by hand."""
    before, after = powers
    way = 1 if after > before else -1
    own = [
        (CAUSES[cause].kind, -weight, cause, CAUSES[cause].id)
        for cause, row, first, end, asked, weight in held
        if row == asset
        and first <= slot < end
        and (asked in (0, way) or weight > abs(after - before) / 4)
    ]
    mine = {(kind, name) for kind, _, _, name in sorted(own)[:1]}
    if mine and min(mine)[0] <= Kind.NEED:
        return mine
    zone = ZONE[asset]
    prices = signals.sold if after < 0 or (after == 0 and before < 0) else signals.bought
    pulls, steady = {}, {}
    alone = way * steps(prices[zone].tolist(), slot) > 1e-3
    while zone >= 0:
        limits = signals.limits[zone].tolist()
        pulls[f"zone {zone}"] = way * steps(limits, slot)
        steady[f"zone {zone}"] = (
            abs(limits[slot]) if slot and limits[slot] == limits[slot - 1] else 0
        )
        zone = PARENT[zone]
    strongest = max(pulls.values())
    if not alone and strongest > 1e-3:
        return {(Kind.LIMIT, name) for name, one in pulls.items() if one > strongest - 1e-9}
    if not alone and any(steady.values()):
        most = max(steady.values())
        return {(Kind.LIMIT, name) for name, one in steady.items() if one == most}
    return mine or {(Kind.PRICE, None)}


@settings(deadline=None, max_examples=300)
@given(cases())
def test_every_entry_has_the_reason_of_the_rule(made, case):
    power, signals, held = case
    slots = made.slots(SLOTS)
    told = changes(power, slots, made.rest(ASSETS))
    found = reasons_of(told, made.rest(ASSETS), slots, CAUSES, InForce.of(held), (signals, LIMITS))
    for place, (asset, at) in enumerate(zip(told.row.tolist(), told.at_s.tolist(), strict=True)):
        slot = (at - made.start) // STEP
        before = power[asset, slot - 1] if slot else 0
        cause = found.cause[place]
        told_as = (Kind(found.kind[place]), CAUSES[cause].id if cause >= 0 else None)
        assert told_as in expected(signals, held, asset, slot, (before, power[asset, slot]))
    assert np.array_equal(found.cause >= 0, found.kind != Kind.PRICE)


def test_entries_outside_the_horizon_are_there_for_the_price(made):
    power = np.array([[500, 0, 500]])
    told = changes(power, made.slots(3), made.rest(1))
    signals = Signals(
        bought=np.zeros((1, 1)), sold=np.zeros((1, 1)), limits=np.zeros((1, 1)),
        parent=np.array([-1]), zone=np.zeros(1, np.int64),
    )  # fmt: skip
    held, none = InForce.of([(0, 0, 0, 9, 0, 0)]), np.array([-1])
    found = reasons_of(told, made.rest(1), made.slots(1), CAUSES, held, (signals, none))
    assert found.kind.tolist() == [Kind.NEED, Kind.PRICE, Kind.PRICE]
    assert found.cause.tolist() == [0, -1, -1]


def test_anothers_need_is_told_as_a_limit_without_a_name():
    need = Cause(Kind.NEED, "n1", "home-1")
    assert readable(need, "home-1") == need
    assert readable(need, "home-2") == Cause(Kind.LIMIT, "")
    assert readable(Cause(Kind.LIMIT, "feeder-3"), "home-2").id == "feeder-3"
