"""Statements: exact sums, one rounding per line, and everybody's money adding up to nothing."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.base.slots import Slots
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import SettlementRules, Tariffs
from gridpact.settlement.clause import MEMBER
from gridpact.settlement.day import Facts
from gridpact.settlement.statements import net_positions, received_minor, settle

DECIMAL = {"half-even": ROUND_HALF_EVEN, "half-away": ROUND_HALF_UP}  # UP is away from zero


def rounded(nano, unit, rule):
    return int((Decimal(nano) / Decimal(unit)).quantize(Decimal(1), rounding=DECIMAL[rule]))


def whole_days(data, settled_day):
    community, facts, _ = settled_day(data)
    return community, facts, settle(community, facts)


@given(data=st.data())
@settings(deadline=None, max_examples=120)
def test_lines_are_rounded_once_and_balance(data, settled_day):
    community, _, day = whole_days(data, settled_day)
    rules = community.settlement
    for exact, whole in ((day.nano, day.minor), (day.operator_nano, day.operator_minor)):
        expected = [
            rounded(nano, rules.minor_nano, rules.rounding) for nano in exact.ravel().tolist()
        ]
        assert whole.ravel().tolist() == expected
    # imbalance is passed on exactly, and rounded once more only as one amount
    (row,) = [at for at, kind in enumerate(day.kinds) if kind.contract == "imbalance"]
    assert day.operator_nano.tolist() == [sum(day.nano[row].tolist())]

    net = dict.fromkeys([*community.members.ids, "operator", "supplier", "dso", "state"], 0)
    for kind, amounts in zip(day.kinds, day.minor.tolist(), strict=True):
        for name, amount in zip(community.members.ids, amounts, strict=True):
            net[name if kind.payer == MEMBER else kind.payer] -= amount
            net[name if kind.payee == MEMBER else kind.payee] += amount
    net["supplier"] -= int(day.operator_minor[0])
    net["operator"] += int(day.operator_minor[0])
    found = net_positions(community, day)
    assert found == net
    assert sum(found.values()) == 0
    assert received_minor(day).tolist() == [net[name] for name in community.members.ids]


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_with_the_supplier_alone(data, settled_day):
    community, facts, day = whole_days(data, settled_day)
    tariffs = community.tariffs
    expected = []
    for row in range(len(community.members.ids)):
        total = 0
        for slot, spot in enumerate(facts.spot_micro_per_kwh.tolist()):
            buy = round(Fraction(spot * tariffs.import_spot_ppm, 10**6))
            buy += tariffs.import_markup_micro_per_kwh
            sell = round(Fraction(spot * tariffs.export_spot_ppm, 10**6))
            sell += tariffs.export_markup_micro_per_kwh
            fees = tariffs.network_micro_per_kwh + tariffs.levy_micro_per_kwh
            total += int(facts.metered.withdrawal_wh[row, slot]) * (buy + fees)
            total -= int(facts.metered.injection_wh[row, slot]) * sell
        expected.append(total)
    assert day.supplier_only_nano.tolist() == expected


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_without_trades_plans_and_neighbours_the_statement_is_the_suppliers(
    data, settled_day, any_rules, small_community
):
    """A member alone, with one register in use per slot, pays what it would have paid anyway."""
    _, facts, _ = settled_day(data)
    metered = facts.metered
    one = msgspec.structs.replace(
        metered,
        withdrawal_wh=metered.withdrawal_wh[:1],
        injection_wh=np.where(metered.withdrawal_wh > 0, 0, metered.injection_wh)[:1],
        estimated=metered.estimated[:1],
    )
    alone = Facts(
        one,
        facts.spot_micro_per_kwh,
        facts.spread_micro_per_kwh,
        (),
        facts.planned_net_wh[:1],
        np.zeros_like(facts.planned),
    )
    day = settle(small_community(1, **data.draw(any_rules)), alone)
    sign = np.array([1 if kind.payer == MEMBER else -1 for kind in day.kinds])
    assert (sign @ day.nano).tolist() == day.supplier_only_nano.tolist()


def facts_of(withdrawal, injection, spot=0):
    withdrawal, injection = np.array(withdrawal), np.array(injection)
    members, slots = withdrawal.shape
    metered = DayMetered(
        day="2026-06-15",
        slots=Slots(0, 900, slots),
        withdrawal_wh=withdrawal,
        injection_wh=injection,
        estimated=np.zeros((members, slots), bool),
        method="linear.v1",
    )
    none = np.zeros(slots, np.int64)
    zero = np.zeros((members, slots), np.int64)
    return Facts(metered, none + spot, none, (), zero, none.astype(bool))


def test_a_day_by_hand(small_community):
    """Two homes, 1 kWh from one roof, 0.4 kWh used next door. Import 30 ct, export 8 ct.

    The kWh shared is worth 30 + 9 - 4 ct, so its price is 8 + 27 / 2 = 21.5 ct.
    """
    community = small_community(
        2,
        tariffs=Tariffs(0, 300_000, 0, 80_000, 90_000, 40_000, 20_000),
        settlement=SettlementRules(0, "half-even", 10_000_000),
    )
    day = settle(community, facts_of([[0], [400]], [[1000], [0]]))
    lines = {
        (kind.contract, kind.kind): (nano.tolist(), minor.tolist())
        for kind, nano, minor in zip(day.kinds, day.nano, day.minor, strict=True)
    }
    assert lines["sharing", "given"] == ([86_000_000, 0], [9, 0])
    assert lines["sharing", "taken"] == ([0, 86_000_000], [0, 9])
    assert lines["supplier", "export"] == ([48_000_000, 0], [5, 0])
    assert lines["network", "local"] == ([0, 16_000_000], [0, 2])
    assert lines["network", "levy"] == ([0, 8_000_000], [0, 1])
    assert lines["network", "outside"] == ([0, 0], [0, 0])
    assert net_positions(community, day) == {
        "m000": 14, "m001": -12, "operator": 0, "supplier": -5, "dso": 2, "state": 1,
    }  # fmt: skip
    assert day.supplier_only_nano.tolist() == [-80_000_000, 400 * 410_000]


def test_a_line_is_rounded_once_and_not_by_slot(small_community):
    """Ten slots of 0.4 ct are 4 ct; rounding each slot would give nothing."""
    rules = SettlementRules(0, "half-even", 10_000_000)
    tariffs = Tariffs(0, 40_000, 0, 0, 0, 0, 0)
    community = small_community(1, tariffs=tariffs, settlement=rules)
    day = settle(community, facts_of([[100] * 10], [[0] * 10]))
    minor = {kind.kind: row.tolist() for kind, row in zip(day.kinds, day.minor, strict=True)}
    assert minor["import"] == [4]


def test_negative_prices_turn_payments_around(small_community):
    tariffs = Tariffs(1_000_000, 0, 1_000_000, 0, 0, 0, 0)
    community = small_community(2, tariffs=tariffs)
    day = settle(community, facts_of([[1000], [0]], [[0], [0]], spot=-250_000))
    assert net_positions(community, day)["m000"] == 25
    assert net_positions(community, day)["supplier"] == -25
    assert day.supplier_only_nano.tolist() == [-250_000_000, 0]


def test_members_who_did_nothing_owe_nothing_and_no_members_owe_nothing(small_community):
    day = settle(small_community(3), facts_of([[0, 0]] * 3, [[0, 0]] * 3))
    assert not day.nano.any()
    community = small_community(0)
    nobody = np.zeros((0, 2), np.int64)
    empty = settle(community, facts_of(nobody, nobody))
    assert set(net_positions(community, empty).values()) == {0}


def test_what_does_not_fit_64_bits_is_loud(small_community):
    with pytest.raises(NumberOverflow):
        settle(small_community(1), facts_of([[2**60]], [[0]], spot=900_000))
