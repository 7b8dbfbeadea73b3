"""Values of single observables: every kind of node, absences, bounds, limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import MissingSeries, NumberOverflow
from gridpact.base.slots import Slots
from gridpact.base.units import INT64_MAX
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import ChoiceOutOfBounds, DivisorNotPositive, NotOnSlots
from gridpact.contracts.evaluate import Known, Sheet
from gridpact.contracts.formulas import (
    at_end,
    latch,
    maximum,
    minimum,
    muldiv,
    nominated,
    running,
    share,
    total,
)
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.terms import pay, sale, within

SLOTS = Slots(9000, 900, 4)
LOAD, GEN, FLAG = Series("load", "Wh"), Series("gen", "Wh"), Series("flag", "1")
units = st.sampled_from(["Wh", "nano"])
seeds = st.integers(0, 10**6)


def values(node, **world):
    arrays = {
        name: entry if isinstance(entry, Known) else np.array(entry, dtype=np.int64)
        for name, entry in world.items()
    }
    return Sheet(arrays, SLOTS).needed(node).low.tolist()


def known(*cells):
    present = np.array([cell is not None for cell in cells])
    return Known(np.array([cell or 0 for cell in cells], dtype=np.int64), present)


def cells_of(node, *cells, name="load"):
    """Evaluate with absences; None where the result is absent."""
    found = Sheet({name: known(*cells)}, SLOTS).cells(node)
    low = np.broadcast_to(found.low, (4,)).tolist()
    present = [True] * 4 if found.present is None else found.present.tolist()
    return [value if here else None for value, here in zip(low, present, strict=True)]


@settings(deadline=None, max_examples=300)
@given(data=st.data(), unit=units, seed=seeds)
def test_every_cell_equals_a_plain_python_evaluation(gen, oracle, data, unit, seed):
    node, world = data.draw(gen.observables(unit, 3, True)), gen.world(seed, gaps=True)
    found = Sheet(world, gen.slots).cells(node)
    for row in range(3):
        expected = oracle.values(node, oracle.row_of(world, row))
        low = np.broadcast_to(found.low, (3, 6))[row].tolist()
        here = np.broadcast_to(True if found.present is None else found.present, (3, 6))[row]
        got = [v if p else None for v, p in zip(low, here.tolist(), strict=True)]
        assert got == expected


@settings(deadline=None, max_examples=200)
@given(data=st.data(), unit=units, seed=seeds)
def test_bounds_enclose_every_choice(gen, data, unit, seed):
    node, world = data.draw(gen.observables(unit, 3, True)), gen.world(seed)
    free = {name: array for name, array in world.items() if not name.startswith("choice:")}
    bound = Sheet(free, gen.slots, open_choices=True).needed(node)
    value = Sheet(world, gen.slots).needed(node).low
    assert (bound.low <= value).all()
    assert (value <= bound.high).all()


def test_operations_keep_their_order_and_share_only_what_is_equal():
    world = {"load": [1, 2, 3, 4], "gen": [4, 4, 4, 4]}
    assert values((LOAD - GEN) - (GEN - LOAD), **world) == [-6, -4, -2, 0]
    assert values((LOAD >= GEN) * 10 + (GEN >= LOAD), **world) == [1, 1, 1, 11]
    assert values(total(LOAD) - running(LOAD), **world) == [-1, -3, -6, 0]
    assert values(5 - LOAD + 2 * GEN + 1, **world) == [13, 12, 11, 10]
    assert values(-LOAD, **world) == [-1, -2, -3, -4]
    assert values(LOAD <= 2, **world) == [1, 1, 0, 0]
    assert values(maximum(LOAD, GEN, 3) - minimum(LOAD, 2), **world) == [3, 2, 2, 2]


def test_a_subterm_used_twice_is_computed_once():
    sheet = Sheet({"load": np.arange(4)}, SLOTS)
    node = Const(1, "1") * LOAD
    for _ in range(200):
        node = node + node - node  # a tree of this would never end
    assert sheet.needed(node).low.tolist() == [0, 1, 2, 3]
    twin = Series("load", "Wh")
    assert sheet.needed(twin).low is sheet.needed(LOAD).low


def test_ratios_round_half_to_even_once():
    assert values(share(LOAD, 500_000), load=[1, 3, 5, -1]) == [0, 2, 2, 0]
    big = muldiv(LOAD, Const(INT64_MAX, "Wh"), Const(INT64_MAX, "Wh"))
    assert values(big, load=[7, 8, 9, 10**18]) == [7, 8, 9, 10**18]


def test_a_divisor_must_be_positive_where_it_is_known():
    node = muldiv(Const(6, "nano"), LOAD, GEN)
    gen = known(2, None, 3, 6)
    found = Sheet({"load": np.full(4, 1), "gen": gen}, SLOTS).cells(node)
    assert found.low[[0, 2, 3]].tolist() == [3, 2, 1]
    assert found.present.tolist() == [True, False, True, True]
    with pytest.raises(DivisorNotPositive, match="9900"):
        values(node, load=[1, 1, 1, 1], gen=[1, 0, 1, 1])


def test_folds_with_absences():
    assert cells_of(total(LOAD), 1, None, 3, 4) == [0, 0, 0, None]
    assert cells_of(running(LOAD), 1, None, 3, 4) == [1, None, None, None]
    on = LOAD >= 1
    assert cells_of(latch(on), 0, 1, None, 0) == [0, 1, 1, 1]
    assert cells_of(latch(on), 0, None, 0, 1) == [0, None, None, 1]
    assert cells_of(at_end(), 0, 0, 0, 0) == [0, 0, 0, 1]


def test_only_a_mask_absorbs_absence():
    open_ = Profile(9000, 900, (0, 1, 1, 0), "1")
    assert cells_of(open_ * LOAD, None, 2, 3, None) == [0, 2, 3, 0]
    assert cells_of(LOAD * open_, None, 2, None, None) == [0, 2, None, 0]
    # A quantity of zero is a number, not a mask.
    assert cells_of(Profile(9000, 900, (0, 5), "1") * LOAD, None, 2, 3, 4)[0] is None
    assert cells_of((LOAD >= 2) * LOAD, None, 2, 1, 4) == [None, 2, 0, 4]


def test_a_mask_absorbs_absence_through_nested_products():
    open_ = Profile(9000, 900, (0, 1, 1, 0), "1")
    nested = (open_ * Const(2, "1")) * LOAD
    assert cells_of(nested, None, 2, None, None) == [0, 4, None, 0]
    assert cells_of(LOAD * (Const(2, "1") * (open_ * Const(3, "1"))), None, 2, 3, None) == [
        0,
        12,
        18,
        0,
    ]
    power = open_
    for _ in range(50):  # shared factors: written out there would be 2**50
        power = power * power
    assert cells_of(power * LOAD, None, 2, 3, None) == [0, 2, 3, 0]
    # A mask inside a sum is not a factor.
    assert cells_of((open_ + Const(1, "1")) * LOAD, None, 2, 3, 4)[0] is None


def test_a_sale_outside_its_window_needs_neither_quantity_nor_price():
    open_ = Profile(9000, 900, (0, 1, 1, 0), "1")
    contract = within(open_, sale(LOAD, Series("spot", "micro/kWh"), "a", "b", "energy", "EUR"))
    world = {"load": known(None, 2, 3, None), "spot": known(None, 5, 7, None)}
    (paid,) = cashflows(contract, world, SLOTS).values()
    assert paid.tolist() == [0, 10, 21, 0]


def test_running_sums_near_the_edge_are_exact_or_refused():
    half = INT64_MAX // 2 + 1
    assert values(running(LOAD), load=[half, -half, half, -half]) == [half, 0, half, 0]
    with pytest.raises(NumberOverflow):
        values(running(LOAD), load=[half, half, -half, -half])
    with pytest.raises(NumberOverflow):
        values(total(LOAD), load=[half, half, 0, 0])


@settings(deadline=None)
@given(st.integers(-INT64_MAX, INT64_MAX), st.integers(-INT64_MAX, INT64_MAX))
def test_arithmetic_near_the_edge_is_exact_or_refused(left, right):
    for node, exact in (
        (LOAD + GEN, left + right),
        (LOAD - GEN, left - right),
        (LOAD * Const(right, "1"), left * right),
    ):
        try:
            found = values(node, load=[left] * 4, gen=[right] * 4)
        except NumberOverflow:
            assert abs(exact) > INT64_MAX
        else:
            assert found == [exact] * 4


def test_overflow_is_caught_in_products_and_across_legs():
    edge = Const(2**40, "nano") * Const(2**40, "1")  # wraps to 0 in plain numpy
    with pytest.raises(NumberOverflow):
        cashflows(pay(edge, "a", "b", "fee", "EUR"), {}, SLOTS)
    most = pay(Const(INT64_MAX, "nano"), "a", "b", "fee", "EUR")
    assert cashflows(most, {}, SLOTS)[("a", "b", "EUR", "fee")].tolist() == [INT64_MAX] * 4
    with pytest.raises(NumberOverflow):
        cashflows(most + pay(Const(1, "nano"), "a", "b", "fee", "EUR"), {}, SLOTS)
    with pytest.raises(NumberOverflow, match="load"):
        values(LOAD, load=[-(2**63), 0, 0, 0])


def test_profiles_fall_on_their_slots_and_nowhere_else():
    def placed(start, cells, step=900):
        return values(Profile(start, step, cells, "Wh"))

    assert placed(9900, (5, 6)) == [0, 5, 6, 0]
    assert placed(7200, (1, 2, 3, 4)) == [3, 4, 0, 0]
    assert placed(11700, (1, 2)) == [0, 0, 0, 1]
    assert placed(90000, (1, 2)) == [0] * 4
    assert placed(0, (1, 2)) == [0] * 4
    with pytest.raises(NotOnSlots):
        placed(9000, (1,), step=1800)


def test_a_choice_stays_within_its_bounds():
    choice = nominated("amount", "buyer", LOAD, 900, low=2)
    world = {"load": np.array([5, 5, 5, 5])}
    made = world | {"choice:amount": np.array([2, 5, 6, 1])}
    with pytest.raises(ChoiceOutOfBounds) as caught:
        Sheet(made, SLOTS).cells(choice)
    assert (caught.value.label, caught.value.slots) == ("amount", (10800, 11700))
    with pytest.raises(ChoiceOutOfBounds):
        Sheet({"load": np.array([5, 1, 5, 5])}, SLOTS, open_choices=True).cells(choice)
    open_ = Sheet(world, SLOTS, open_choices=True).cells(choice)
    assert (open_.low.tolist(), open_.high.tolist()) == ([2] * 4, [5] * 4)


def test_an_unknown_bound_cannot_vouch_for_a_choice():
    choice = nominated("amount", "buyer", LOAD, 900)
    world = {"load": known(5, None, 5, 5), "choice:amount": np.array([1, 1, 1, 1])}
    with pytest.raises(MissingSeries) as caught:
        Sheet(world, SLOTS).needed(choice)
    assert (caught.value.name, caught.value.slots) == ("load", (9900,))


def test_bounds_of_differences_comparisons_and_ratios():
    pick = nominated("pick", "a", Const(10, "Wh"), 0)
    sheet = Sheet({"load": np.array([0, 3, 10, 12])}, SLOTS, open_choices=True)

    def ends(node):
        found = sheet.cells(node)
        return [np.broadcast_to(end, 4).tolist() for end in (found.low, found.high)]

    assert ends(LOAD - pick) == [[-10, -7, 0, 2], [0, 3, 10, 12]]
    assert ends(pick - LOAD) == [[0, -3, -10, -12], [10, 7, 0, -2]]
    assert ends(pick >= LOAD) == [[1, 0, 0, 0], [1, 1, 1, 0]]
    assert ends(pick <= LOAD) == [[0, 0, 1, 1], [1, 1, 1, 1]]
    assert ends((pick - 5) - (pick - 5)) == [[-10] * 4, [10] * 4]  # correlation is lost
    assert ends(muldiv(LOAD, pick, Const(4, "Wh"))) == [[0] * 4, [0, 8, 25, 30]]
    assert ends(muldiv(Const(60, "nano"), LOAD, pick + 2)) == [[0, 15, 50, 60], [0, 90, 300, 360]]
    assert ends(latch(pick >= 5)) == [[0] * 4, [1] * 4]
    assert ends(running(pick)) == [[0] * 4, [10, 20, 30, 40]]


def test_an_absence_names_its_series_and_slots():
    price = Series("spot", "micro/kWh")
    world = {
        "load": Known(
            np.ones((2, 4), dtype=np.int64), np.array([[1, 1, 0, 1], [1, 1, 1, 1]], bool)
        ),
        "spot": np.full(4, 7),
        "flag": np.array([1, 1, 0, 1]),
    }
    contract = sale(LOAD, price, "s", "b", "energy", "EUR")
    with pytest.raises(MissingSeries) as caught:
        cashflows(contract, world, SLOTS)
    assert (caught.value.name, caught.value.slots) == ("load", (10800,))
    flows = cashflows(within(FLAG >= 1, contract), world, SLOTS)
    assert flows[("b", "s", "EUR", "energy")].tolist() == [[7, 7, 0, 7]] * 2


def test_shapes_and_types_are_checked():
    for wrong in (np.zeros(3, dtype=np.int64), np.zeros(4), np.zeros((4, 1), dtype=np.int64)):
        with pytest.raises(TypeError, match="load"):
            Sheet({"load": wrong}, SLOTS).cells(LOAD)


def test_no_slots_give_empty_flows():
    contract = pay(total(LOAD) * Const(3, "nano/Wh"), "a", "b", "fee", "EUR")
    empty = cashflows(contract, {"load": np.zeros((2, 0), dtype=np.int64)}, Slots(0, 900, 0))
    assert empty[("a", "b", "EUR", "fee")].shape == (2, 0)


def test_a_constant_fee_is_charged_to_every_row_and_never_aliases_the_world():
    fee = pay(Const(5, "nano"), "member", "dso", "fixed", "EUR")
    lump = pay(Series("lump", "nano"), "member", "dso", "lump", "EUR")
    lumps = np.arange(8).reshape(2, 4)
    flows = cashflows(fee + lump, {"lump": lumps}, SLOTS)
    assert flows[("member", "dso", "EUR", "fixed")].tolist() == [[5] * 4] * 2
    flows[("member", "dso", "EUR", "lump")][0, 0] = 99
    assert lumps[0, 0] == 0
