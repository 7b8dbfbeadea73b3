"""All that keeps a contract from being evaluated, told at once."""

import numpy as np
import pytest

from gridpact.base.errors import MissingSeries, NumberOverflow
from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import Known, cashflows
from gridpact.contracts.errors import ChoiceOutOfBounds, DivisorNotPositive
from gridpact.contracts.formulas import filled, maximum
from gridpact.contracts.inspection import problems
from gridpact.contracts.legs import legs
from gridpact.contracts.observables import Choice, Const, Fold, Op, Series
from gridpact.contracts.terms import All, pay

SLOTS = Slots(1_781_568_000, 3600, 4)
A, B, C = (Series(name, "nano") for name in "abc")
ROOM = Choice("room", "p", Const(0, "nano"), Const(5, "nano"), 0, "nano")


def ints(*values):
    return np.array(values, dtype=np.int64)


def gaps(*there):
    return Known(ints(1, 1, 1, 1), np.array(there, dtype=np.bool_))


def paid(*amounts):
    return All(tuple(pay(each, "p", "q", f"k{at}", "EUR") for at, each in enumerate(amounts)))


def told(contract, world):
    return problems(legs(contract), world, SLOTS)


def hours(slots):
    return [(slot - SLOTS.start) // SLOTS.step for slot in slots]


def test_a_world_without_trouble_has_no_problems():
    assert told(paid(A + B), {"a": ints(1, 2, 3, 4), "b": ints(1, 2, 3, 4)}) == []


def test_every_series_that_lacks_values_is_told_once_with_all_its_slots():
    world = {"a": gaps(1, 0, 1, 1), "b": gaps(1, 1, 0, 1), "c": gaps(0, 1, 1, 0)}
    mask = Op(">=", (C, Const(1, "nano")))
    contract = paid(A + B, maximum(B, C), A, mask * A)
    found = {each.error.name: hours(each.error.slots) for each in told(contract, world)}
    assert found == {"a": [1], "b": [2], "c": [0, 3]}
    with pytest.raises(MissingSeries):
        cashflows(contract, world, SLOTS)


def test_what_is_not_needed_is_not_missed():
    world = {"a": gaps(1, 0, 1, 1), "b": ints(7, 0, 7, 7)}
    mask = Op(">=", (B, Const(1, "nano")))
    assert told(paid(mask * A, filled(A, B)), world) == []


def test_a_fold_misses_every_slot_that_lacks():
    world = {"a": gaps(1, 0, 0, 1), "b": ints(1, 1, 1, 1)}
    (problem,) = told(paid(Fold("total", "all", A) + B), world)
    assert hours(problem.error.slots) == [1, 2]


def test_a_choice_out_of_bounds_hides_no_empty_cell():
    world = {"choice:room": ints(1, 6, 1, -1), "a": gaps(1, 1, 0, 1), "b": ints(0, 1, 1, 1)}
    ratio = Op("muldiv", (A, Const(1, "nano"), B))
    found = [each.error for each in told(paid(ROOM, A + ROOM, ratio), world)]
    assert [type(each) for each in found] == [MissingSeries, ChoiceOutOfBounds, DivisorNotPositive]
    assert [hours(each.slots) for each in found] == [[2], [1, 3], [0]]


def test_an_overflow_names_its_leg():
    huge = 2**40 * ints(1, 1, 1, 1)
    contract = paid(A, Op("*", (A, Series("many", "1"))))
    (problem,) = told(contract, {"a": huge, "many": huge})
    assert isinstance(problem.error, NumberOverflow)
    assert problem.leg.kind == "k1"


def test_payments_that_overflow_together_name_a_leg():
    half = 2**62 * ints(1, 1, 1, 1)
    both = All((pay(A, "p", "q", "k", "EUR"), pay(B, "p", "q", "k", "EUR")))
    for contract in (both, paid(A)):
        (problem, *_) = told(contract, {"a": half, "b": half})
        assert isinstance(problem.error, NumberOverflow)
        assert problem.leg.giver == "p"
