"""What comes from outside: readings in any order and more than once, and people's orders."""

import random
from datetime import datetime

import numpy as np
import pytest

from gridpact.market.messages import OrdersPlaced, OrdersRefused, PlaceOrder, SessionCleared
from gridpact.market.orders import PlacedOrder, Side
from gridpact.metering.messages import DayClosed, DayMetered, ReadingsReceived, ReadingsRefused
from gridpact.settlement.messages import DaySettled
from gridpact.simulation.scenarios import default_path

HOUR = 3600
DAY = int(datetime.fromisoformat("2026-06-15T00:00+02:00").timestamp())
GATE = int(datetime.fromisoformat("2026-06-14T13:00+02:00").timestamp())
SILENT = {
    "generate.homes": 4,
    "community.slot_minutes": 60,
    "faults.readings_missing_percent": 100,
    "faults.readings_late_percent": 0,
}
"""The simulated meters of this community send nothing: all readings are handed in by the test."""
OPEN = {**SILENT, "faults.readings_missing_percent": 0}


@pytest.fixture(scope="module")
def silent(bench):
    return bench(default_path(), SILENT)


@pytest.fixture(scope="module")
def traded(bench):
    return bench(default_path(), OPEN)


def parts(silent, seed=5):
    """One report per member and slot, each on its own: (message, earliest instant)."""
    members = len(silent.community.members.ids)
    draw = np.random.default_rng(seed)
    values = draw.integers(0, 4000, (2, members, 24))
    values[1] *= draw.random((members, 24)) < 0.3
    values[0] *= values[1] == 0
    found = []
    for place in range(24):
        for row in range(members):
            present = np.arange(members) == row
            told = ReadingsReceived(
                slot=DAY + place * HOUR,
                withdrawal_wh=np.where(present, values[0, :, place], 0),
                injection_wh=np.where(present, values[1, :, place], 0),
                present=present,
            )
            found.append((told, DAY + (place + 1) * HOUR))
    return values, found


def shuffled(reports, seed):
    """The same reports at random instants between the end of their slot and the cut-off."""
    draw = random.Random(seed)  # noqa: S311 - a fixed order, nothing secret
    cutoff = DAY + 26 * HOUR
    moved = [(told, draw.randrange(earliest, cutoff)) for told, earliest in reports]
    draw.shuffle(moved)
    return moved


def assert_same_statements(one, other):
    for kind in (DayMetered, DaySettled):
        for left, right in zip(one.all(kind), other.all(kind), strict=True):
            for name in left.__struct_fields__:
                assert np.array_equal(getattr(left, name), getattr(right, name)), name


def refusals(record):
    """(slot, member) -> reason of everything metering refused."""
    return [
        (message.slot, int(row), reason)
        for message in record.all(ReadingsRefused)
        for row, reason in zip(message.rows, message.reasons, strict=True)
    ]


def test_readings_in_any_order_settle_alike(silent):
    values, reports = parts(silent)
    # Told after the day, so that forecasts, which may learn from them, are the same in all runs.
    late = [(told, DAY + 25 * HOUR) for told, _ in reports]
    first = silent.record(late)
    metered = first.all(DayMetered)[0]
    assert not metered.estimated.any()
    assert np.array_equal(metered.withdrawal_wh, values[0])
    assert np.array_equal(metered.injection_wh, values[1])
    assert refusals(first) == []
    for seed in range(2):
        draw = random.Random(seed)  # noqa: S311
        mixed = [(told, DAY + 24 * HOUR + draw.randrange(2 * HOUR)) for told, _ in late]
        draw.shuffle(mixed)
        assert_same_statements(first, silent.record(mixed))


def test_arrival_through_the_day_loses_and_doubles_nothing(silent):
    """Readings move forecasts and so trades, but what was measured stays what was measured."""
    values, reports = parts(silent)
    again = [(told, at + 60) for told, at in shuffled(reports, 8)[::3]]
    record = silent.record([*shuffled(reports, 9), *again])
    metered = record.all(DayMetered)[0]
    assert not metered.estimated.any()
    assert np.array_equal(metered.withdrawal_wh, values[0])
    assert np.array_equal(metered.injection_wh, values[1])
    reasons = [reason for *_, reason in refusals(record)]
    assert reasons == ["duplicate"] * len(reasons)
    in_time = [told for told, at in again if at < DAY + 26 * HOUR]
    assert len(reasons) == len(in_time)


def test_every_refusal_has_its_reason_and_changes_nothing(silent):
    _, reports = parts(silent)
    told, ended = reports[40]
    row = int(np.flatnonzero(told.present)[0])
    slot, cutoff = told.slot, DAY + 26 * HOUR
    count = told.present.size

    def report(slot, withdrawal):
        column = np.where(told.present, withdrawal, 0)
        nothing = np.zeros(count, np.int64)
        return ReadingsReceived(
            slot=slot, withdrawal_wh=column, injection_wh=nothing, present=told.present
        )

    wrong = [
        (report(slot, 5000), ended - 1, (slot, row, "unknown-slot")),  # not over yet
        (report(slot, -1), ended, (slot, row, "negative")),
        (report(slot + 60, 5), cutoff - 60, (slot + 60, row, "unknown-slot")),
        (report(DAY - HOUR, 5), ended, (DAY - HOUR, row, "unknown-slot")),
        (told, cutoff - 2, (slot, row, "duplicate")),
        (report(slot, 5000), cutoff, (slot, row, "conflict")),
        (report(slot, 5000), cutoff + 1, (slot, row, "too-late")),
    ]
    fair = [(each, DAY + 25 * HOUR) for each, _ in reports]
    record = silent.record([*fair, *((message, at) for message, at, _ in wrong)], days=2)
    assert sorted(refusals(record)) == sorted(reason for *_, reason in wrong)
    assert_same_statements(silent.record(fair, days=2), record)


def test_what_no_meter_told_is_marked(silent):
    _, reports = parts(silent)
    kept = [(told, DAY + 25 * HOUR) for told, _ in reports if told.slot != DAY + 7 * HOUR]
    metered = silent.record(kept).all(DayMetered)[0]
    assert np.flatnonzero(metered.estimated.any(axis=0)).tolist() == [7]
    nobody = silent.record([]).all(DayMetered)[0]
    assert nobody.estimated.all()


def test_a_reading_at_the_instant_of_the_cut_off_counts(silent):
    _, reports = parts(silent)
    cutoff = DAY + 26 * HOUR
    record = silent.record([(told, cutoff) for told, _ in reports])
    assert record.kept(DayClosed)[0].time == cutoff
    assert not record.all(DayMetered)[0].estimated.any()
    late = silent.record([(told, cutoff + 1) for told, _ in reports], days=2)
    assert late.all(DayMetered)[0].estimated.all()
    assert {reason for *_, reason in refusals(late)} == {"too-late"}


def test_a_day_that_closes_with_its_last_slot_has_that_slot(bench):
    metered = (
        bench(default_path(), {**OPEN, "settlement.cutoff_minutes": 0}).record().all(DayMetered)
    )
    assert not metered[0].estimated[:, -1].any()


def order(key, side=Side.BUY, hour=12, quantity=700, limit=4_000_000, who="bakery"):
    placed = PlacedOrder(key, who, side, DAY + hour * HOUR, quantity, limit)
    return PlaceOrder(session="2026-06-15.day-ahead", order=placed)


def book(record):
    cleared = next(m for m in record.all(SessionCleared) if m.session.id.endswith("15.day-ahead"))
    agents = next(m for m in record.all(OrdersPlaced) if m.session == cleared.session.id)
    return cleared, agents.orders.count


def told_why(record):
    return [
        (key, reason)
        for message in record.all(OrdersRefused)
        for key, reason in zip(message.keys, message.reasons, strict=True)
    ]


def test_a_persons_order_before_the_gate(traded):
    plain = book(traded.record())[0]
    cleared, agents = book(traded.record([(order("one"), GATE - 60)]))
    assert cleared.orders == agents + 1
    row = traded.community.members.ids.index("bakery")
    gain = cleared.bought_wh[row, 12] - plain.bought_wh[row, 12]
    assert gain == 700, "the highest bid is filled first"
    assert np.array_equal(cleared.bought_wh.sum(0), cleared.sold_wh.sum(0))


def test_orders_after_the_gate_and_before_the_session_are_told_so(traded):
    plain = traded.record()
    opens = GATE - 15 * 60
    record = traded.record([(order("late"), GATE + 1), (order("early"), opens - 1)])
    assert sorted(told_why(record)) == [
        ("bakery early", "gate_closed"),
        ("bakery late", "gate_closed"),
    ]
    assert np.array_equal(book(record)[0].bought_wh, book(plain)[0].bought_wh)


def test_one_key_is_one_order(traded):
    once = book(traded.record([(order("one"), GATE - 60)]))[0]
    inputs = [
        (order("one"), GATE - 60),
        (order("one"), GATE - 50),
        (order("one"), GATE),
        (order("one", quantity=900), GATE - 40),
        (order("one", who="community-plant", side=Side.SELL, limit=4_000_000), GATE - 30),
    ]
    record = traded.record(inputs)
    cleared, agents = book(record)
    assert told_why(record) == [("bakery one", "duplicate")]
    assert cleared.orders == agents + 2, "another participant's key is another key"
    assert np.array_equal(cleared.bought_wh, once.bought_wh)


def test_orders_that_no_rule_admits(traded):
    wrong = {
        "nobody": (order("k", who="stranger"), "not_authorised"),
        "never": (order("s", hour=40), "unknown_slot"),
        "nothing": (order("q", quantity=0), "quantity"),
        "dear": (order("p", limit=4_000_001), "price_limit"),
    }
    record = traded.record([(message, GATE - 60) for message, _ in wrong.values()])
    assert sorted(reason for _, reason in told_why(record)) == sorted(
        reason for _, reason in wrong.values()
    )
    assert book(record)[0].orders == book(record)[1]


def test_the_order_in_which_orders_arrive_matters_to_ties_alone(traded):
    """Orders at different prices trade alike in any order of arrival."""
    orders = [order(f"k{n}", quantity=100 + n, limit=3_900_000 + n) for n in range(8)]
    instants = [GATE - 800 + 90 * place for place in range(8)]
    runs = []
    for seed in range(3):
        draw = random.Random(seed)  # noqa: S311
        mixed = draw.sample(orders, len(orders))
        runs.append(traded.record(zip(mixed, instants, strict=True)))
    for other in runs[1:]:
        assert_same_statements(runs[0], other)
