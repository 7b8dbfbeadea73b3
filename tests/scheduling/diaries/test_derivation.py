"""Profiles to instructions and back: what the rule promises, and a rule written out plainly."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridpact.scheduling.diaries.derivation import (
    MOST_W,
    Rated,
    Rule,
    Timing,
    derive,
    power,
    watts,
)
from gridpact.scheduling.diaries.instructions import (
    NEVER,
    Standing,
    Verb,
    faults_of,
    powers_after,
    powers_before,
    standing_at,
)

STEP = 900
RATED_W = 9000
WATTS = st.one_of(st.just(0), st.integers(-60, 60), st.integers(-RATED_W, RATED_W))


@st.composite
def cases(draw):
    """Power of up to three assets, a rule, and what they do when the window begins."""
    slots = draw(st.integers(1, 14))
    count = draw(st.integers(1, 3))
    rows = [draw(st.lists(WATTS, min_size=slots, max_size=slots)) for _ in range(count)]
    wanted = np.array(rows, np.int64)
    for row, width in enumerate(draw(st.lists(st.integers(1, 5), min_size=count, max_size=count))):
        wanted[row] = np.repeat(wanted[row], width)[:slots]
    rule = Rule(
        deadband_w=draw(st.sampled_from([0, 1, 40, 500, 3000])),
        deadband_ppm=draw(st.sampled_from([0, 10_000, 333_333])),
        dwell_s=draw(st.sampled_from([0, 900, 1000, 3600])),
    )
    held = draw(st.lists(WATTS, min_size=count, max_size=count))
    ago = draw(st.lists(st.sampled_from([0, 900, 2700]), min_size=count, max_size=count))
    return wanted, rule, np.array(held, np.int64), np.array(ago, np.int64)


def standing_of(made, held, ago):
    return Standing(power_w=held, changed_s=made.start - ago, owed_ws=np.zeros(len(held), np.int64))


def rated_of(count):
    return Rated(np.full(count, RATED_W), np.full(count, RATED_W))


def derived_of(made, case):
    wanted, rule, held, ago = case
    slots, standing = made.slots(wanted.shape[1]), standing_of(made, held, ago)
    return derive(wanted, slots, rated_of(len(wanted)), rule, standing), slots, standing


def in_dwell(at, changed, slots, dwell):
    """Slots in which no instruction may be given, from the instants of those that were."""
    starts = slots.starts()
    closed = starts - changed < dwell
    for told in at:
        closed |= (told < starts) & (starts - told < dwell)
    return closed


@settings(deadline=None, max_examples=300)
@given(cases())
def test_power_and_energy_stay_within_what_the_rule_promises(made, case):
    wanted, rule, _, _ = case
    found, slots, standing = derived_of(made, case)
    band = np.maximum(rule.deadband(rated_of(len(wanted))), 1)
    for row, profile in enumerate(wanted):
        own = found.instructions.of(found.instructions.row == row)
        held = np.array(made.followed(own, int(standing.power_w[row]), slots.starts().tolist()))
        closed = in_dwell(own.at_s, standing.changed_s[row], slots, rule.dwell_s)
        apart, owed = profile - held, np.cumsum(profile - held) * STEP
        assert np.all(np.abs(apart[~closed]) <= band[row])
        assert not np.any(held[~closed & (profile == 0)])
        excess = np.cumsum(np.where(closed, np.abs(apart), 0)) * STEP
        assert np.all(np.abs(owed) <= band[row] * STEP + excess)
        assert found.standing.owed_ws[row] == owed[-1]
        assert found.standing.power_w[row] == held[-1]
        assert all(b - a >= rule.dwell_s for a, b in pairwise([standing.changed_s[row], *own.at_s]))


@settings(deadline=None, max_examples=200)
@given(cases())
def test_small_changes_are_told_only_to_turn_or_to_keep_energy_in_bounds(made, case):
    wanted, rule, _, _ = case
    found, slots, standing = derived_of(made, case)
    before = powers_before(found.instructions, standing)
    after = powers_after(found.instructions, standing)
    held = power(found.instructions, slots, standing)
    owed = np.cumsum(wanted - held, axis=1) * STEP
    band = rule.deadband(rated_of(len(wanted)))
    row, slot = found.instructions.row, (found.instructions.at_s - slots.start) // STEP
    so_far = np.where(slot > 0, owed[row, slot - 1], 0)
    kept = so_far + (wanted[row, slot] - before) * STEP
    small = np.abs(after - before) < band[row]
    turns = (before != 0) & (np.sign(before) != np.sign(wanted[row, slot]))
    drifts = np.abs(kept) > np.maximum(np.abs(so_far), band[row] * STEP)
    assert np.all(turns[small] | drifts[small])


@settings(deadline=None, max_examples=200)
@given(cases())
def test_power_read_back_is_what_a_device_does(made, case):
    found, slots, standing = derived_of(made, case)
    back = power(found.instructions, slots, standing)
    for row in range(len(back)):
        own = found.instructions.of(found.instructions.row == row)
        alone = made.followed(own, int(standing.power_w[row]), slots.starts().tolist())
        assert back[row].tolist() == alone
    assert faults_of(found.instructions, standing) == ()


@settings(deadline=None, max_examples=100)
@given(cases())
def test_without_band_and_dwell_the_profile_comes_back_exactly(made, case):
    wanted, _, held, ago = case
    exact = wanted, Rule(deadband_w=0, deadband_ppm=0), held, ago
    found, slots, standing = derived_of(made, exact)
    # a difference of 1 W may be held: nothing below one whole W of dead-band
    assert np.abs(power(found.instructions, slots, standing) - wanted).max() <= 1


@settings(deadline=None, max_examples=100)
@given(cases(), st.integers(0, 13))
def test_two_halves_give_what_the_whole_gives(made, case, cut):
    wanted, rule, _, _ = case
    assume(cut <= wanted.shape[1])
    whole, slots, standing = derived_of(made, case)
    first, second = made.slots(cut), made.slots(wanted.shape[1] - cut)
    second = type(slots)(slots.start + cut * STEP, STEP, second.count)
    one = derive(wanted[:, :cut], first, rated_of(len(wanted)), rule, standing)
    other = derive(wanted[:, cut:], second, rated_of(len(wanted)), rule, one.standing)
    at = [*one.instructions.at_s, *other.instructions.at_s]
    assert sorted(at) == sorted(whole.instructions.at_s)
    for column in Standing.__struct_fields__:
        assert np.array_equal(getattr(other.standing, column), getattr(whole.standing, column))


@settings(deadline=None, max_examples=100)
@given(cases(), st.integers(-1000, 9 * STEP))
def test_nothing_is_told_for_what_has_passed(made, case, later):
    wanted, rule, held, ago = case
    standing, now = standing_of(made, held, ago), made.start + later
    found = derive(
        wanted, made.slots(wanted.shape[1]), rated_of(len(held)), rule, standing, Timing(now)
    )
    assert np.all(found.instructions.at_s >= now)
    assert faults_of(found.instructions, standing) == ()


def test_all_six_verbs_by_hand(made):
    wanted = np.array([[0, 2000, 3000, 1000, -500, -900, -400, 0, 2000, 0]], np.int64)
    found = derive(wanted, made.slots(10), rated_of(1), Rule(deadband_w=100, deadband_ppm=0))
    told = found.instructions
    assert [Verb(verb).words for verb in told.verb] == [
        "START CHARGE", "INCREASE RATE", "REDUCE RATE", "SUPPLY", "INCREASE RATE",
        "REDUCE RATE", "STOP SUPPLY", "START CHARGE", "STOP CHARGE",
    ]  # fmt: skip
    assert told.target_w.tolist() == [2000, 3000, 1000, 500, 900, 400, 0, 2000, 0]
    assert ((told.at_s - made.start) // STEP).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_energy_owed_within_the_dwell_is_made_up_for(made):
    wanted = np.array([[4000, 1000, 1000, 1000, 1000, 1000, 1000]], np.int64)
    rule = Rule(deadband_w=600, deadband_ppm=0, dwell_s=1800)
    found = derive(wanted, made.slots(7), rated_of(1), rule)
    held = power(found.instructions, made.slots(7), made.rest(1))
    # told 4,000 W, the dwell holds it for two slots; 3,000 W · slot too much is made up for by
    # 600 W less in each of the five that are left
    assert held.tolist() == [[4000, 4000, 400, 400, 400, 400, 400]]
    assert found.standing.owed_ws.tolist() == [0]


def test_the_rated_power_is_not_exceeded_to_make_up(made):
    wanted = np.array([[0, 9000, 9000, 8000, 8000]], np.int64)
    standing = Standing(
        power_w=np.array([0]), changed_s=np.array([NEVER]), owed_ws=np.array([700 * STEP])
    )
    rule = Rule(deadband_w=1000, deadband_ppm=0)
    found = derive(wanted, made.slots(5), rated_of(1), rule, standing)
    assert power(found.instructions, made.slots(5), standing).max() <= RATED_W


@pytest.mark.parametrize(
    ("band", "before", "wanted", "held", "owed"),
    [
        # at the rated power nothing can be made up for: the third slot would owe 1,500 W · slot
        (1000, 8500, 9000, [8500, 8500, 9000, 9000, 9000, 9000], 1000),
        # nothing is supplied to make up for 80 W · slot too much; the second slot would double it
        (100, 90, 10, [90, 0, 0, 0, 0, 0], -30),
        (100, -90, -10, [-90, 0, 0, 0, 0, 0], 30),
    ],
)
def test_small_changes_are_told_before_energy_drifts(made, band, before, wanted, held, owed):
    standing = Standing(
        power_w=np.array([before]), changed_s=np.array([NEVER]), owed_ws=np.array([0])
    )
    rule = Rule(deadband_w=band, deadband_ppm=0)
    found = derive(np.full((1, 6), wanted), made.slots(6), rated_of(1), rule, standing)
    assert power(found.instructions, made.slots(6), standing).tolist() == [held]
    assert found.standing.owed_ws.tolist() == [owed * STEP]


def test_rated_power_may_vary_by_slot(made):
    wanted = np.full((1, 4), 3000, np.int64)
    standing = Standing(
        power_w=np.array([0]), changed_s=np.array([NEVER]), owed_ws=np.array([900 * STEP])
    )
    rated = Rated(np.array([[3000, 3000, 4000, 4000]]), np.zeros(1, np.int64))
    found = derive(wanted, made.slots(4), rated, Rule(deadband_w=600, deadband_ppm=0), standing)
    assert power(found.instructions, made.slots(4), standing).tolist() == [[3000, 3000, 3600, 3600]]


def test_a_diary_may_be_empty_and_entries_before_the_window_count(made):
    nothing = made.instructions([])
    standing = Standing(
        power_w=np.array([700, -300]), changed_s=np.full(2, NEVER), owed_ws=np.zeros(2, np.int64)
    )
    assert power(nothing, made.slots(2), standing).tolist() == [[700, 700], [-300, -300]]
    early = made.instructions([(0, -100, Verb.REDUCE_RATE, 500), (1, 900, Verb.STOP_SUPPLY, 0)])
    assert power(early, made.slots(2), standing).tolist() == [[500, 500], [-300, 0]]
    then = standing_at(early, standing, made.start + 900)
    assert then.power_w.tolist() == [500, -300]
    assert then.changed_s.tolist() == [made.start - 100, NEVER]


def test_power_between_slots_is_refused(made):
    odd = made.instructions([(0, 100, Verb.START_CHARGE, 500)])
    with pytest.raises(ValueError, match="beginning of a slot"):
        power(odd, made.slots(2), made.rest(1))


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([(0, 0, Verb.REDUCE_RATE, 5)], "does not say what it changes"),
        ([(0, 0, Verb.STOP_CHARGE, 0)], "does not say what it changes"),
        ([(0, 0, Verb.START_CHARGE, 0)], "does not say what it changes"),
        ([(0, 0, Verb.START_CHARGE, -4)], "does not say what it changes"),
        ([(0, 0, Verb.START_CHARGE, 9), (0, 9, Verb.REDUCE_RATE, 10)], "does not say"),
        ([(0, 0, Verb.START_CHARGE, 9), (0, 9, Verb.STOP_SUPPLY, 0)], "does not say"),
        ([(0, 0, Verb.SUPPLY, 9), (0, 9, Verb.STOP_SUPPLY, 3)], "does not say"),
        ([(0, 0, Verb.SUPPLY, 9), (0, 0, Verb.STOP_SUPPLY, 0)], "is not later"),
        ([(7, 0, Verb.SUPPLY, 9)], "is about no asset"),
        ([(0, 0, 6, 9)], "has no known verb"),
    ],
)
def test_a_faulty_diary_is_told_of(made, entries, problem):
    faults = faults_of(made.instructions(entries), made.rest(2))
    assert len(faults) == 1
    assert problem in faults[0].problem


@pytest.mark.parametrize("words", [{"deadband_w": -1}, {"dwell_s": -1}, {"deadband_ppm": 10**7}])
def test_a_faulty_rule_is_refused(words):
    with pytest.raises(ValueError, match="not negative"):
        Rule(**words)


def test_shapes_and_sizes_are_checked(made):
    rule, slots = Rule(), made.slots(2)
    with pytest.raises(ValueError, match="int64"):
        derive(np.zeros((1, 2)), slots, rated_of(1), rule)
    with pytest.raises(ValueError, match="int64"):
        derive(np.zeros((1, 3), np.int64), slots, rated_of(1), rule)
    with pytest.raises(ValueError, match="rated power"):
        derive(np.zeros((1, 2), np.int64), slots, rated_of(2), rule)
    with pytest.raises(ValueError, match="standing"):
        derive(np.zeros((1, 2), np.int64), slots, rated_of(1), rule, Standing.at_rest(3))
    with pytest.raises(ValueError, match="beyond"):
        derive(np.full((1, 2), MOST_W + 1), slots, rated_of(1), rule)


def test_watts_are_mean_powers():
    assert watts(np.array([[1.0, -250.0, 0.124]]), 900).tolist() == [[4, -1000, 0]]


def test_a_window_may_have_no_slots_and_a_fleet_no_assets(made):
    none = derive(np.zeros((2, 0), np.int64), made.slots(0), rated_of(2), Rule())
    assert len(none.instructions) == 0
    assert power(none.instructions, made.slots(0), made.rest(2)).shape == (2, 0)
    wide = Rated(np.zeros((2, 0), np.int64), np.zeros((2, 0), np.int64))
    assert Rule(deadband_w=7).deadband(wide).tolist() == [7, 7]
    nobody = derive(np.zeros((0, 3), np.int64), made.slots(3), rated_of(0), Rule())
    assert power(nobody.instructions, made.slots(3), made.rest(0)).shape == (0, 3)


@settings(deadline=None, max_examples=150)
@given(cases(), st.integers(0, 14))
def test_where_power_is_told_exactly_it_comes_back_and_the_rule_goes_on_after(made, case, until):
    wanted, rule, held, ago = case
    slots, standing = made.slots(wanted.shape[1]), standing_of(made, held, ago)
    rated, exact = rated_of(len(held)), np.full(len(held), until)
    found = derive(wanted, slots, rated, rule, standing, Timing(exact_until=exact))
    back = power(found.instructions, slots, standing)
    assert np.array_equal(back[:, :until], wanted[:, :until])
    assert faults_of(found.instructions, standing) == ()
    apart = np.abs(wanted[:, until:] - back[:, until:])
    band = rule.deadband(rated)[:, None]
    assert rule.dwell_s or np.all(apart <= band)
    nothing = derive(wanted, slots, rated, rule, standing, Timing(exact_until=exact * 0))
    assert np.array_equal(
        power(nothing.instructions, slots, standing),
        power(derive(wanted, slots, rated, rule, standing).instructions, slots, standing),
    )
