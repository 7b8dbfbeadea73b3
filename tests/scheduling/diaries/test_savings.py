"""Savings: to the nano-¤ against fractions, and what assets do by themselves, by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.scheduling.diaries.derivation import changes, power
from gridpact.scheduling.diaries.plain_plan import plain_storage
from gridpact.scheduling.diaries.savings import running_sums, shared_out
from gridpact.scheduling.problem import StorageColumns

STEP, SLOTS = 700, 5
POWER = st.lists(
    st.lists(st.integers(-4, 4).map(lambda w: w * 811), min_size=SLOTS, max_size=SLOTS),
    min_size=3,
    max_size=3,
).map(lambda rows: np.array(rows, np.int64))


@settings(deadline=None, max_examples=200)
@given(POWER, POWER, st.lists(st.integers(-(10**15), 10**15), min_size=3, max_size=3))
def test_parts_add_up_to_what_fractions_say(made, planned, plain, saved):
    slots = type(made.slots(1))(STEP * 1000, STEP, SLOTS)
    told = changes(planned, slots, made.rest(3))
    assert np.array_equal(power(told, slots, made.rest(3)), planned)
    found = shared_out(told, slots, np.array(saved), np.abs(planned - plain))
    for row in range(3):
        assert found.assets[row] == saved[row]
        mine = np.flatnonzero(told.row == row)
        moved = np.abs(planned[row] - plain[row])
        if len(mine):
            assert found.entries[mine].sum() == (saved[row] if moved.any() else 0)
        begins = ((told.at_s[mine] - slots.start) // STEP).tolist()
        begins, ends = [0, *begins[1:]], [*begins[1:], SLOTS]
        for place, begin, end in zip(mine, begins, ends, strict=False):
            exact = Fraction(saved[row] * int(moved[begin:end].sum()), max(int(moved.sum()), 1))
            assert abs(int(found.entries[place]) - exact) <= 1


def test_what_64_bits_do_not_hold_is_refused():
    with pytest.raises(NumberOverflow):
        running_sums(np.full((1, 3), 2**62))


def plain_of(slots=6, at_once=False, **given):
    """What one storage takes by itself; without losses unless they are given."""
    power = {"charge_max_wh": 2000, "discharge_max_wh": 2000, "lo_wh": 0, "hi_wh": 9000}
    columns = {
        name: np.broadcast_to(np.array(given.pop(name, usual), np.int64), (1, slots))
        for name, usual in {**power, "draw_wh": 0}.items()
    }
    numbers = {"initial_wh": 0, "efficiency_in": 1.0, "efficiency_out": 1.0, "kept": 1.0, "home": 0}
    rest = {name: np.array([given.pop(name, usual)]) for name, usual in numbers.items()}
    assert not given
    return plain_storage(StorageColumns(**columns, **rest), np.array([at_once])).tolist()[0]


def test_cars_charge_as_they_arrive():
    there = [0, 2000, 2000, 2000, 2000, 0]
    due = [0, 0, 0, 0, 5000, 0]
    assert plain_of(at_once=True, charge_max_wh=there, lo_wh=due) == [0, 2000, 2000, 1000, 0, 0]


def test_batteries_rest_and_charge_only_as_they_must():
    assert plain_of(initial_wh=4000) == [0] * 6
    assert plain_of(lo_wh=[0] * 5 + [3000]) == [0, 0, 0, 0, 1000, 2000]
    assert plain_of(lo_wh=[0] * 5 + [3600], efficiency_in=0.9) == [0, 0, 0, 0, 2000, 2000]


def test_heat_stays_at_the_lower_edge():
    found = plain_of(initial_wh=2000, lo_wh=1000, draw_wh=600, efficiency_in=3.0)
    # 1,000 Wh above the edge last one slot of 600 Wh and two thirds of the next; whole Wh up
    assert found == [0, 67, 200, 200, 200, 200]


def test_what_is_full_takes_no_more():
    assert plain_of(at_once=True, hi_wh=3000, lo_wh=[0] * 5 + [5000]) == [2000, 1000, 0, 0, 0, 0]
