"""Every contract that cannot be evaluated is named, with its series and slots, and only those."""

import pickle

import numpy as np
import pytest

from gridpact.base.errors import MissingSeries, NumberOverflow
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.errors import (
    ChoiceOutOfBounds,
    DivisorNotPositive,
    NotOnSlots,
    PeriodCut,
)
from gridpact.contracts.evaluate import Known
from gridpact.contracts.formulas import muldiv, nominated, total
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.portfolio import MatrixWorld, Portfolio, PortfolioFaults
from gridpact.contracts.terms import deliver, pay, sale, within

SLOTS = Slots(900 * 1000, 900, 4)
STARTS = tuple(SLOTS.starts().tolist())
SPOT = Series("spot", "micro/kWh")


def faults(contracts, world, chunk=3, slots=SLOTS):
    """Errors by contract, the same for values and for bytes, and each as the contract alone."""
    found = []
    for made in (contracts, [to_bytes(contract) for contract in contracts]):
        with pytest.raises(PortfolioFaults) as caught:
            list(Portfolio.of(made).cashflows(world, slots, chunk=chunk))
        found.append({fault.contract: fault.error for fault in caught.value.faults})
    assert {n: str(e) for n, e in found[0].items()} == {n: str(e) for n, e in found[1].items()}
    return found[0]


def supply(number):
    load = Series(f"load-{number}", "Wh")
    return sale(load, SPOT, "supplier", f"home-{number}", "energy", "EUR")


def loads(count):
    return {f"load-{number}": np.arange(4) for number in range(count)}


def test_series_that_are_not_there():
    world = loads(8) | {"spot": np.arange(4)}
    del world["load-2"], world["load-7"]
    found = faults([supply(number) for number in range(8)], world)
    assert {n: (type(e), e.name, e.slots) for n, e in found.items()} == {
        2: (MissingSeries, "load-2", STARTS),
        7: (MissingSeries, "load-7", STARTS),
    }
    every = faults([supply(number) for number in range(8)], loads(8))
    assert {n: e.name for n, e in every.items()} == dict.fromkeys(range(8), "spot")


def test_a_series_that_only_a_delivery_needs_must_be_there_and_may_have_gaps():
    contracts = [supply(n) + deliver(Series(f"g-{n}", "Wh"), "a", "b", "energy") for n in range(3)]
    world = loads(3) | {"spot": np.arange(4), "g-0": np.arange(4), "g-1": np.arange(4)}
    assert {n: e.name for n, e in faults(contracts, world).items()} == {2: "g-2"}
    gap = Known(np.arange(4), np.zeros(4, dtype=bool))
    flows = list(Portfolio.of(contracts).cashflows(world | {"g-2": gap}, SLOTS))
    assert len(flows) == 1


def test_gaps_name_series_and_slots_of_each_contract():
    world = loads(9) | {"spot": np.arange(4)}
    world["load-1"] = Known(np.arange(4), np.array([True, False, False, True]))
    world["load-8"] = Known(np.arange(4), np.array([False, True, True, True]))
    found = faults([supply(number) for number in range(9)], world)
    assert {n: (e.name, e.slots) for n, e in found.items()} == {
        1: ("load-1", STARTS[1:3]),
        8: ("load-8", STARTS[:1]),
    }


def test_a_gap_that_all_share_is_told_once_for_all():
    world = loads(500) | {"spot": Known(np.arange(4), np.array([True, True, False, True]))}
    with pytest.raises(PortfolioFaults) as caught:
        Portfolio.of([supply(number) for number in range(500)]).totals(world, SLOTS)
    assert len(caught.value.faults) == 500
    assert str(caught.value).splitlines() == [
        "500 contracts cannot be evaluated",
        f"  contracts 0, 1, 2, 3, 4 and 495 more: series 'spot' has no value at {STARTS[2]}",
    ]


def test_a_message_stays_short():
    world = {"spot": np.arange(4)}
    with pytest.raises(PortfolioFaults) as caught:
        Portfolio.of([supply(number) for number in range(90)]).totals(world, SLOTS)
    assert len(caught.value.faults) == 90
    lines = str(caught.value).splitlines()
    assert len(lines) == 22
    assert lines[20].startswith("  contract 19: series 'load-19' has no value at")
    assert lines[21] == "  and 70 other problems"


def test_a_gap_under_a_mask_that_is_off_is_no_fault():
    world = loads(3) | {"spot": Known(np.arange(4), np.array([False, True, True, True]))}
    late = Profile(SLOTS.start, 900, (0, 1, 1, 1), "1")
    contracts = [within(late, supply(number)) for number in range(3)]
    assert len(list(Portfolio.of(contracts).cashflows(world, SLOTS))) == 1


def test_faults_of_every_kind_among_contracts_of_one_shape():
    def terms(number, divisor, high, start):
        load = Series(f"load-{number}", "Wh")
        choice = nominated(f"n-{number}", "a", Const(high, "Wh"), 0)
        fixed = Profile(start, 900, (1, 2), "Wh")
        energy = muldiv(load, Const(2, "Wh"), Const(divisor, "Wh")) + choice + fixed
        return sale(energy, Const(10**6 + number, "micro/kWh"), "a", "b", "energy", "EUR")

    good = [terms(number, 3, 5, SLOTS.start + 900 * (number % 2)) for number in range(6)]
    late = sale(
        muldiv(Series("load-0", "Wh"), Const(2, "Wh"), Const(3, "Wh"))
        + nominated("n-0", "a", Const(5, "Wh"), 0)
        + Profile(600 * 1500, 300, (1, 2), "Wh"),
        Const(9, "micro/kWh"),
        "a",
        "b",
        "energy",
        "EUR",
    )
    contracts = [*good[:5], terms(0, 0, 5, SLOTS.start), terms(1, 3, 2, SLOTS.start), late, good[5]]
    world = loads(6) | {f"choice:n-{number}": np.full(4, 4) for number in range(6)}
    world["load-5"] = np.array([0, 2**60, 0, 0])
    found = faults(contracts, world)
    assert {number: type(error) for number, error in found.items()} == {
        5: DivisorNotPositive,
        6: ChoiceOutOfBounds,
        7: NotOnSlots,
        8: NumberOverflow,
    }
    assert found[6].label == "n-1"
    assert found[5].slots == STARTS
    assert Portfolio.of(contracts).shapes == 1


def test_a_cut_period_is_a_fault_of_all_and_may_be_allowed():
    contracts = [
        pay(
            total(Series(f"load-{n}", "Wh"), "day@UTC") * Const(n, "micro/kWh"),
            "a",
            "b",
            "x",
            "EUR",
        )
        for n in range(5)
    ]
    found = faults(contracts, loads(5))
    assert {number: type(error) for number, error in found.items()} == dict.fromkeys(
        range(5), PeriodCut
    )
    totals = Portfolio.of(contracts).totals(loads(5), SLOTS, cut_periods=True)
    assert totals.amount.tolist() == [6 * n for n in range(5)]


def test_batches_end_with_the_first_fault_and_faults_travel():
    world = loads(6) | {"spot": np.arange(4)}
    world["load-2"] = Known(np.arange(4), np.zeros(4, dtype=bool))
    batches = Portfolio.of([supply(n) for n in range(6)]).cashflows(world, SLOTS, chunk=1)
    assert [next(batches).rows.tolist() for _ in range(2)] == [[0], [1]]
    with pytest.raises(PortfolioFaults) as caught:
        next(batches)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert str(again) == str(caught.value)
    assert [fault.contract for fault in again.faults] == [2]


def test_worlds_of_another_kind_are_refused():
    portfolio = Portfolio.of([supply(0), supply(1)])
    spot = {"spot": np.arange(4)}
    for wrong in (np.zeros((2, 4), dtype=np.int64), np.arange(5), np.arange(4.0)):
        with pytest.raises(TypeError, match="load-1"):
            list(portfolio.cashflows(loads(1) | spot | {"load-1": wrong}, SLOTS))
        with pytest.raises(TypeError, match="spot"):
            list(portfolio.cashflows(loads(2) | {"spot": wrong}, SLOTS))
    names = ["load-0", "load-1"]
    short = MatrixWorld.of(names, np.zeros((2, 3), dtype=np.int64))
    with pytest.raises(TypeError, match=r"\[4\]"):
        list(portfolio.cashflows(MatrixWorld(short.rows, short.matrix, None, spot), SLOTS))
    with pytest.raises(TypeError, match="whole numbers"):
        MatrixWorld.of(names, np.zeros((2, 4)))
    with pytest.raises(TypeError, match="whole numbers"):
        MatrixWorld.of(names, np.zeros((2, 4), dtype=np.uint64))
    with pytest.raises(TypeError, match="bool"):
        MatrixWorld.of(names, np.zeros((2, 4), dtype=np.int8), np.ones((2, 4), dtype=np.int8))
    with pytest.raises(ValueError, match="distinct"):
        MatrixWorld.of(["a", "a"], np.zeros((2, 4), dtype=np.int64))
    with pytest.raises(ValueError, match="rows must be within"):
        MatrixWorld({"a": 2}, np.zeros((2, 4), dtype=np.int64))


def test_the_one_integer_without_a_negative_is_refused():
    least = np.array([0, 0, -(2**63), 0])
    found = faults([supply(0), supply(1)], loads(1) | {"load-1": least, "spot": np.arange(4)})
    assert {number: type(error) for number, error in found.items()} == {1: NumberOverflow}
