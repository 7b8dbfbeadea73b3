"""Settlement over the life an agreement really had, against figures worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.agreements import transitions
from gridpact.agreements.exercises import exercise
from gridpact.agreements.outcomes import Reason, Refused
from gridpact.agreements.record import OPEN_END, Record, State
from gridpact.agreements.settle import settle
from gridpact.agreements.typed_data import digest
from gridpact.base.errors import MissingSeries
from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import PeriodCut
from gridpact.contracts.evaluate import Known
from gridpact.contracts.formulas import (
    at_end,
    decision,
    highest,
    latch,
    maximum,
    muldiv,
    nominated,
    running,
    total,
    whole,
)
from gridpact.contracts.observables import Choice, Const, Series
from gridpact.contracts.terms import pay, sale, when, within

DAY = 86_400
JULY = 1_782_864_000  # 2026-07-01T00:00Z
SEPTEMBER = JULY + 62 * DAY
MONTH = "month@UTC"
DAYS = Slots(JULY, DAY, 62)
LOAD, PRICE = Series("load", "Wh"), Const(80_000, "micro/kWh")


def signed_record(desk, contract, slots=DAYS, **conditions):
    """A record whose first version all have signed."""
    document = desk.signed(desk.draft(contract, slots, authority="authority", **conditions))
    return add(desk, None, document)


def add(desk, record, document):
    (first, second) = document.signatures
    now = document.agreement.offer_until - 1
    record = transitions.propose(record, first.party, document.agreement, first.signature, now)
    number = document.agreement.version
    record = transitions.countersign(record, number, second.party, second.signature, now)
    assert isinstance(record, Record), record
    return record


def terminated(record, at):
    record = transitions.end(record, "authority", at, JULY)
    assert isinstance(record, Record), record
    return record


def suspended(record, begin, end):
    return Record(record.versions, (*record.suspended, (begin, end)))


def flows_of(record, world, slots=DAYS):
    found = settle(record, world, slots)
    assert isinstance(found, dict), found
    return {key[3]: amount for key, amount in found.items()}


def take_or_pay():
    """At least 100 kWh a month: what is not taken is paid for at the month's end."""
    short = maximum(Const(100_000, "Wh") - running(LOAD, MONTH), 0)
    return sale(LOAD, PRICE, "park", "bakery", "energy", "EUR") + pay(
        at_end(MONTH) * (short * PRICE), "bakery", "park", "shortfall", "EUR"
    )


def test_take_or_pay_that_is_terminated_within_a_month(desk):
    # 5 kWh a day: 155 kWh in July. Ended on 11 August: 50 kWh taken in ten days, so 50 kWh short
    # at 0.08 EUR/kWh = 4 EUR, due on 10 August.
    record = terminated(signed_record(desk, take_or_pay()), JULY + 41 * DAY)
    world = {"load": np.full(62, 5000)}
    found = flows_of(record, world)
    assert found["energy"].tolist() == [400_000_000] * 41 + [0] * 21
    assert found["shortfall"].tolist() == [0] * 40 + [4_000_000_000] + [0] * 21


def test_what_comes_after_the_end_is_not_needed(desk):
    record = terminated(signed_record(desk, take_or_pay()), JULY + 41 * DAY)
    gap = Known(np.full(62, 5000), np.arange(62) < 41)
    assert flows_of(record, {"load": gap})["shortfall"].sum() == 4_000_000_000
    short = Known(np.full(62, 5000), np.arange(62) < 40)
    with pytest.raises(MissingSeries) as caught:
        settle(record, {"load": short}, DAYS)
    assert caught.value.slots == (JULY + 40 * DAY,)


def test_month_by_month_is_the_whole(desk):
    record = terminated(signed_record(desk, take_or_pay()), JULY + 41 * DAY)
    load = np.arange(62) * 100
    both = flows_of(record, {"load": load})
    july = flows_of(record, {"load": load[:31]}, Slots(JULY, DAY, 31))
    august = flows_of(record, {"load": load[31:]}, Slots(JULY + 31 * DAY, DAY, 31))
    for kind, amounts in both.items():
        assert [*july[kind], *august[kind]] == amounts.tolist()


def test_slots_that_cut_a_month_within_the_life(desk):
    record = signed_record(desk, take_or_pay())
    with pytest.raises(PeriodCut, match="2026-07-11"):
        settle(record, {"load": np.zeros(10, np.int64)}, Slots(JULY, DAY, 10))
    with pytest.raises(PeriodCut, match="2026-07-03"):
        settle(record, {"load": np.zeros(29, np.int64)}, Slots(JULY + 2 * DAY, DAY, 29))


def test_folds_over_the_whole_life(desk):
    peak = highest(LOAD) * PRICE
    record = signed_record(desk, pay(peak, "bakery", "park", "peak", "EUR"))
    load = np.array([3, 1, 4, 1, 5])
    assert flows_of(record, {"load": load}, Slots(JULY, DAY, 5))["peak"].tolist() == [
        240_000,
        240_000,
        320_000,
        320_000,
        400_000,
    ]
    with pytest.raises(PeriodCut, match="'all'"):
        settle(record, {"load": load}, Slots(JULY + DAY, DAY, 5))
    record = signed_record(desk, pay(total(LOAD) * PRICE, "bakery", "park", "once", "EUR"))
    with pytest.raises(PeriodCut, match="'all'"):
        settle(record, {"load": load}, Slots(JULY, DAY, 5))
    record = terminated(record, JULY + 4 * DAY)
    assert flows_of(record, {"load": load}, Slots(JULY, DAY, 5))["once"].tolist() == [
        0,
        0,
        0,
        720_000,
        0,
    ]


def test_suspended_slots_do_not_count(desk):
    # 29, 30 and 31 July stand still, so July's fee and shortfall fall due on the 28th: 28 days of
    # 3 kWh are 84 kWh, 16 kWh short, 1.28 EUR.
    terms = take_or_pay() + pay(
        at_end(MONTH) * Const(5_000_000_000, "nano"), "bakery", "park", "fee", "EUR"
    )
    record = suspended(signed_record(desk, terms), JULY + 28 * DAY, JULY + 31 * DAY)
    load = Known(np.full(62, 3000), ~np.isin(np.arange(62), [28, 29, 30]))
    found = flows_of(record, {"load": load})
    assert found["fee"].nonzero()[0].tolist() == [27, 61]
    assert found["shortfall"][27] == 1_280_000_000
    assert found["shortfall"][61] == (100_000 - 31 * 3000) * 80_000
    assert found["energy"].tolist() == [240_000_000] * 28 + [0] * 3 + [240_000_000] * 31


def test_a_month_that_stands_still_costs_nothing(desk):
    record = suspended(signed_record(desk, take_or_pay()), JULY + 31 * DAY, OPEN_END)
    found = flows_of(record, {"load": Known(np.full(62, 5000), np.arange(62) < 31)})
    assert found["energy"].sum() == 31 * 400_000_000
    assert found["shortfall"].tolist() == [0] * 62
    record = suspended(signed_record(desk, take_or_pay()), JULY, OPEN_END)
    nothing = Known(np.zeros(62, np.int64), np.zeros(62, np.bool_))
    assert {kind: amount.any() for kind, amount in flows_of(record, {"load": nothing}).items()} == {
        "energy": False,
        "shortfall": False,
    }


def test_swing_exercises(desk):
    # up to 10 kWh a day at 0.08 EUR, two hours ahead; only what was decided is taken
    swing = nominated("swing", "bakery", Const(10_000, "Wh"), 7200)
    terms = sale(swing, PRICE, "park", "bakery", "energy", "EUR")
    terms += within(
        decision("boost", "bakery", 0), pay(Const(7, "nano"), "bakery", "park", "boost", "EUR")
    )
    record = signed_record(desk, terms)
    for label, first, values in (
        ("swing", 2, [10_000, 4000]),
        ("swing", 3, [5000]),
        ("swing", 0, [1]),
        ("boost", 5, [1, 0, 1]),
    ):
        slots = Slots(JULY + first * DAY, DAY, len(values))
        record = exercise(record, 1, "bakery", (label, slots, np.array(values)), JULY - 7200)
        assert isinstance(record, Record), record
    found = flows_of(record, {})
    assert found["energy"].tolist() == [80_000, 0, 800_000_000, 400_000_000] + [0] * 58
    assert found["boost"].nonzero()[0].tolist() == [5, 7]
    # what the world says of choices is not read
    assert flows_of(record, {"choice:swing": np.full(62, 9)})["energy"][1] == 0


def test_low_bounds_and_bounds_that_turned_out_narrower(desk):
    ramp = Choice("ramp", "park", Const(500, "Wh"), Series("cap", "Wh"), 0, "Wh")
    record = signed_record(desk, sale(ramp, PRICE, "park", "bakery", "energy", "EUR"))
    slots = Slots(JULY, DAY, 2)
    record = exercise(record, 1, "park", ("ramp", slots, np.array([900, 900])), JULY)
    cap = Known(np.array([1000, 600, 0, 800]), np.array([True, True, False, True]))
    # the cap of the third day is unknown, but nobody decided anything for it
    slots = Slots(JULY, DAY, 4)
    wh = [900, 600, 500, 500]
    assert flows_of(record, {"cap": cap}, slots)["energy"].tolist() == [80_000 * x for x in wh]
    cap = Known(cap.values, np.array([True, False, True, True]))
    with pytest.raises(MissingSeries, match="cap") as caught:
        settle(record, {"cap": cap}, slots)
    assert caught.value.slots == (JULY + DAY,)


def test_an_unknown_upper_bound_of_what_nobody_decided(desk):
    ramp = Choice("ramp", "park", Series("floor", "Wh"), Series("cap", "Wh"), 0, "Wh")
    record = signed_record(desk, sale(ramp, PRICE, "park", "bakery", "energy", "EUR"))
    decided = ("ramp", Slots(JULY, DAY, 1), np.array([5]))
    record = exercise(record, 1, "park", decided, JULY)
    slots, first = Slots(JULY, DAY, 3), np.array([True, False, False])
    floor, cap = np.array([1, 2, 3]), Known(np.array([9, 0, 0]), first)
    world = {"floor": Known(floor, np.array([True, True, True])), "cap": cap}
    assert flows_of(record, world, slots)["energy"].tolist() == [400_000, 160_000, 240_000]
    gap = {"floor": Known(floor, np.array([True, True, False])), "cap": cap}
    with pytest.raises(MissingSeries, match="floor") as caught:
        settle(record, gap, slots)
    assert caught.value.slots == (JULY + 2 * DAY,)
    # two slots are enough where the third is not asked for, though the floor has a gap elsewhere
    pair = Slots(JULY, DAY, 2)
    part = {"floor": gap["floor"], "cap": cap}
    short = {name: Known(each.values[:2], each.present[:2]) for name, each in part.items()}
    assert flows_of(record, short, pair)["energy"].tolist() == [400_000, 160_000]
    stopped = suspended(record, JULY + 2 * DAY, OPEN_END)
    assert flows_of(stopped, gap, slots)["energy"].tolist() == [400_000, 160_000, 0]


def test_an_amendment_takes_over_at_its_start(desk):
    record = signed_record(desk, sale(LOAD, PRICE, "park", "bakery", "energy", "EUR"))
    dearer = sale(LOAD, Const(90_000, "micro/kWh"), "park", "bakery", "energy", "EUR")
    first = record.versions[0].agreement
    slots = Slots(JULY + 20 * DAY, DAY, 60)
    record = add(desk, record, desk.signed(desk.draft(dearer, slots, amends=first)))
    assert record.versions[1].agreement.previous == digest(first)
    asked = Slots(JULY, DAY, 100)
    found = flows_of(record, {"load": np.ones(100, np.int64)}, asked)
    assert found["energy"].tolist() == [80_000] * 20 + [90_000] * 60 + [0] * 20
    assert transitions.advanced(record, slots.start).versions[0].state is State.SUPERSEDED
    assert record.active(asked).tolist() == [True] * 80 + [False] * 20


def test_other_steps_and_versions_that_never_bound(desk):
    record = signed_record(desk, take_or_pay())
    refused = settle(record, {"load": np.zeros(62 * 24, np.int64)}, Slots(JULY, 3600, 62 * 24))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.OFF_SLOTS
    (first, _) = desk.signed(desk.draft(take_or_pay(), DAYS)).signatures
    document = desk.draft(take_or_pay(), DAYS)
    offered = transitions.propose(None, "park", document.agreement, first.signature, JULY - 1)
    assert isinstance(offered, Record)
    assert settle(offered, {}, DAYS) == {}
    assert settle(record, {}, Slots(SEPTEMBER, DAY, 5)) == {}


def test_a_series_of_another_length_is_a_bug(desk):
    with pytest.raises(TypeError, match=r"\[..., 62\]"):
        settle(signed_record(desk, take_or_pay()), {"load": np.zeros(61, np.int64)}, DAYS)


CONTRACTS = (
    sale(LOAD, Series("spot", "micro/kWh"), "park", "bakery", "energy", "EUR"),
    pay(total(LOAD) * PRICE, "park", "bakery", "a", "EUR"),
    pay(running(LOAD) * PRICE + whole(LOAD) * PRICE, "park", "bakery", "b", "EUR"),
    pay(muldiv(LOAD, PRICE, maximum(LOAD, 1)) * highest(LOAD), "bakery", "park", "c", "EUR"),
    pay(muldiv(LOAD, PRICE, Series("part", "Wh")) * LOAD, "bakery", "park", "g", "EUR"),
    when(LOAD >= 3, pay(LOAD * PRICE, "bakery", "park", "d", "EUR")),
    within(1 - latch(LOAD >= 8), pay(Const(7, "nano"), "bakery", "park", "e", "EUR")),
    pay(at_end() * Const(7, "nano"), "bakery", "park", "f", "EUR"),
)


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 9), st.integers(-5, 5)), min_size=1, max_size=9
    ),
    st.sets(st.sampled_from(range(len(CONTRACTS))), min_size=1),
)
@settings(deadline=None, max_examples=100)
def test_a_suspension_is_as_if_its_slots_were_not_there(desk, rows, picked):
    """Without a calendar, settling is evaluating the slots that count, one after another."""
    contract = sum((CONTRACTS[i] for i in sorted(picked)), start=CONTRACTS[0])
    counts, load, spot = (np.array(column) for column in zip(*rows, strict=True))
    slots = Slots(JULY, DAY, len(rows))
    record = signed_record(desk, contract, slots)
    for place in np.flatnonzero(~counts).tolist():
        record = suspended(record, JULY + place * DAY, JULY + (place + 1) * DAY)
    world = {"load": load, "spot": spot, "part": load + 1}
    gaps = {name: Known(values, counts) for name, values in world.items()}
    found = settle(record, gaps, slots)
    kept = Slots(JULY, DAY, int(counts.sum()))
    plain = cashflows(contract, {name: values[counts] for name, values in world.items()}, kept)
    assert isinstance(found, dict)
    assert found.keys() == plain.keys()
    for key, amount in plain.items():
        expected = np.zeros(len(rows), np.int64)
        expected[counts] = amount
        assert found[key].tolist() == expected.tolist()


def test_scenario_paths(desk):
    record = terminated(signed_record(desk, take_or_pay()), JULY + 41 * DAY)
    load = np.stack([np.full(62, 5000), np.full(62, 20_000)])
    found = flows_of(record, {"load": load})
    assert found["shortfall"].shape == (2, 62)
    assert found["shortfall"].sum(axis=1).tolist() == [4_000_000_000, 0]
