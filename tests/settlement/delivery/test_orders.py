import csv
import xml.etree.ElementTree as ET
from datetime import date
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.settlement.delivery.availability import Fee, availability
from gridpact.settlement.delivery.baselines import Told, baseline
from gridpact.settlement.delivery.days import Metered
from gridpact.settlement.delivery.flex_settlement import Envelope, message, settled
from gridpact.settlement.delivery.methods import Nominated
from gridpact.settlement.delivery.orders import Order, deliveries, in_turn
from gridpact.settlement.delivery.penalties import (
    NoPenalty,
    PerKwh,
    ProRata,
    SlidingScale,
    delivery_ppm,
    penalty_nano,
)

CASES = Path(__file__).parents[2] / "cases" / "delivery"
EVENT = Slots(3600 * 12, 900, 2)
ENVELOPE = Envelope(
    "dso.example.org", "agr.example.org", "2026-07-01T00:00:00Z",
    "11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-666666666666",
    date(2026, 6, 1), date(2026, 6, 30), "EUR",
)  # fmt: skip


def delivered(baseline_wh, actual_wh, *ordered, price=1_000_000_000):
    slots = Slots(0, 900, 96)
    wh = np.zeros((1, 96), np.int64)
    wh[0, 48:50] = actual_wh
    metered = Metered(slots, wh, np.ones(wh.shape, np.bool_))
    told = Told(nominated_wh=np.array([baseline_wh]))
    expected = baseline(Nominated(), metered, EVENT, told)
    orders = tuple(
        Order(f"order-{n}", "ean.123456789012", EVENT, power, price)
        for n, power in enumerate(ordered)
    )
    return deliveries(orders, expected, metered)


@given(
    sizes=st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=1, max_size=4),
    signs=st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3),
    change=st.lists(st.integers(-200, 200), min_size=3, max_size=3),
)
@settings(deadline=None, max_examples=200)
def test_orders_are_served_in_turn(sizes, signs, change):
    ordered = np.array(sizes) * np.array(signs)
    given_w = in_turn(ordered, np.array(change))
    for slot, sign in enumerate(signs):
        left = max(sign * change[slot], 0)
        for row, size in enumerate(np.abs(ordered[:, slot]).tolist()):
            part = min(size, left)
            assert given_w[row, slot] == sign * part
            left -= part


def test_delivery_is_at_most_what_was_ordered():
    (less,) = delivered([500, 500], [400, 600], (-1000, -1000))
    assert less.baseline_w.tolist() == [2000, 2000]
    assert less.actual_w.tolist() == [1600, 2400]
    assert less.delivered_w.tolist() == [-400, 0]
    assert less.deficiency_w.tolist() == [600, 1000]
    (more,) = delivered([500, 500], [900, 600], (1000, 1000))
    assert more.delivered_w.tolist() == [1000, 400]
    first, second = delivered([500, 500], [100, 300], (-1000, -1000), (-1000, 0))
    assert first.delivered_w.tolist() == [-1000, -800]
    assert second.delivered_w.tolist() == [-600, 0]
    assert delivery_ppm([first, second]) == 800_000
    with pytest.raises(ValueError, match="both more and less"):
        delivered([0, 0], [0, 0], (1, 0), (-1, 0))


@given(
    actual=st.lists(st.integers(0, 600), min_size=2, max_size=2),
    price=st.integers(0, 10**12),
    floor=st.integers(0, 900_000),
)
@settings(deadline=None, max_examples=150)
def test_penalties_by_fractions(actual, price, floor):
    (one,) = delivered([500, 500], actual, (-1000, -600), price=price)
    lacking = sum(
        max(due - max(2000 - 4 * wh, 0), 0) for due, wh in zip((1000, 600), actual, strict=True)
    )
    share = Fraction(1600 - lacking, 1600)
    assert penalty_nano(NoPenalty(), one) == 0
    assert penalty_nano(ProRata(), one) == round(price * (1 - share))
    scale = SlidingScale(floor_ppm=floor)
    low = Fraction(floor, 10**6)
    earned = min(max((share - low) / (1 - low), 0), 1)
    assert penalty_nano(scale, one) == round(price * (1 - earned))
    due = round(Fraction(lacking, 4) * 250_000)  # Wh × µ¤/kWh are nano-¤
    assert penalty_nano(PerKwh(250_000, capped=False), one) == due
    assert penalty_nano(PerKwh(250_000), one) == min(due, price)
    spared = sum(
        max(due - max(2000 - 4 * wh, 0) - due // 10, 0)
        for due, wh in zip((1000, 600), actual, strict=True)
    )
    tolerant = PerKwh(250_000, tolerance_ppm=100_000, capped=False)
    assert penalty_nano(tolerant, one) == round(Fraction(spared, 4) * 250_000)


def test_what_cannot_be_told_is_not_settled():
    slots = Slots(0, 900, 96)
    metered = Metered(slots, np.zeros((1, 96), np.int64), np.zeros((1, 96), np.bool_))
    told = Told(nominated_wh=np.array([[5, 5]]))
    expected = baseline(Nominated(), metered, EVENT, told)
    order = Order("order-1", "ean.123456789012", EVENT, (-4, -4), 10**9)
    (one,) = deliveries((order,), expected, metered)
    assert one.reason == "point 1: readings of the event are missing"
    found = settled(one, ProRata(), "UTC")
    assert (found.isps, found.price_nano, found.penalty_nano) == ((), 0, 0)
    assert b"FlexOrderSettlement" not in message([found], ENVELOPE)
    assert delivery_ppm([one]) is None
    with pytest.raises(ValueError, match="order-1"):
        penalty_nano(ProRata(), one)


def test_availability_counts_what_is_known():
    reserved = np.array([4000, 4000, 4000, 0])
    free = np.array([4000, 1000, 9000, 9000])
    known = np.array([True, True, False, True])
    found = availability(reserved, free, known, 900, Fee(price_micro=8_000, delivery_ppm=750_000))
    assert (found.reserved_wh, found.available_wh, found.unknown_slots) == (2000, 1250, 1)
    assert found.ratio_ppm == 625_000
    assert found.fee_nano == 1250 * 8_000 * 3 // 4
    none = availability(reserved, 0 * free, known, 900, Fee(8_000))
    assert (none.fee_nano, none.delivery_ppm, none.ratio_ppm) == (0, 1_000_000, 0)
    with pytest.raises(ValueError, match="negative"):
        availability(-reserved, free, known, 900, Fee(1))


def test_the_message_has_the_attributes_of_the_specification():
    (one,) = delivered([500, 500], [400, 350], (-1000, -600), price=12_345_678_901)
    root = ET.fromstring(  # noqa: S314 - written just now
        message([settled(one, ProRata(), "Europe/London")], ENVELOPE)
    )
    assert root.tag == "FlexSettlement"
    assert list(root.attrib) == [
        "Version", "SenderDomain", "RecipientDomain", "TimeStamp", "MessageID",
        "ConversationID", "Result", "PeriodStart", "PeriodEnd", "Currency",
    ]  # fmt: skip
    (order,) = root
    assert order.attrib == {
        "Period": "1970-01-01", "BaselineReference": "nominated.v1",
        "OrderReference": "order-0", "CongestionPoint": "ean.123456789012",
        "Price": "12.3457", "Penalty": "4.6296", "NetSettlement": "7.7161",
    }  # fmt: skip
    assert order[0].attrib == {
        "Start": "53", "BaselinePower": "2000", "OrderedFlexPower": "-1000",
        "ActualPower": "1600", "DeliveredFlexPower": "-400", "PowerDeficiency": "600",
    }  # fmt: skip
    assert len(order) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("sender", "localhost"), ("currency", "euro"), ("message", "1"), ("timestamp", "today")],
)
def test_the_message_refuses_what_its_types_do_not_allow(field, value):
    with pytest.raises(ValueError, match="cannot be"):
        message([], msgspec.structs.replace(ENVELOPE, **{field: value}))


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_golden(name, golden):
    folder = CASES / name
    case = golden(folder)
    rows, amounts = [], []
    for order in case.orders:
        expected = baseline(case.method, case.metered, order.slots, case.given)
        (one,) = deliveries((order,), expected, case.metered)
        found = settled(one, case.penalty, case.told["timezone"])
        rows += [
            [order.reference, found.period.isoformat(), *map(str, _cells(isp))]
            for isp in found.isps
        ]
        money = (found.price_nano, found.penalty_nano, found.net_settlement_nano)
        amounts.append([order.reference, *(f"{nano / 10**9:.4f}" for nano in money)])
    assert rows == _table(folder / "expected.csv")
    assert amounts == _table(folder / "amounts.csv")


def _cells(isp):
    return (
        *(isp.start, isp.baseline_power, isp.ordered_flex_power, isp.actual_power),
        *(isp.delivered_flex_power, isp.power_deficiency),
    )


def _table(path):
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))[1:]
