"""Redispatch: AC limits kept where offers suffice, explained where not, and paid to the nano."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.market.grid.limits import Kind, beyond, linearised
from gridpact.market.grid.network import Branch, Node, network
from gridpact.market.grid.outcome import NO_OFFER, Fate, lines, report, settle
from gridpact.market.grid.redispatch import Terms, redispatch, with_power
from gridpact.market.grid.verification import Band, State, verify, watts

HOURS = Slots(0, 3600, 1)


def feeder(limit_w=20_000, ohm=0.05):
    """Station, then a, b and c on one cable of three equal parts; only the first has a limit."""
    nodes = [Node(name, 400) for name in ("station", "a", "b", "c")]
    parts = [
        Branch("cable", "station", "a", ohm / 4, ohm, limit_w),
        Branch("middle", "a", "b", ohm / 4, ohm),
        Branch("end", "b", "c", ohm / 4, ohm),
    ]
    return network(nodes, parts, "station")


def state(grid, *fed, band=None):
    active = np.array(fed, dtype=np.int64).T.reshape(len(grid.nodes), -1)
    return State(grid, active, np.zeros_like(active), band or Band(500_000, 1_500_000))


def test_two_buses_by_hand(ac):
    """One load P over R: V² - V + P·R/U² = 0, here P·R/U² = 0.09, so V = 0.9 and I·U = P/V."""
    grid = network(
        [Node("s", 400), Node("l", 400)], [Branch("w", "s", "l", 1e-12, 0.16, 100_000)], "s"
    )
    found = verify(State(grid, np.array([[0], [-90_000]]), np.zeros((2, 1), np.int64)), ac)
    assert found.voltage_ppm[:, 0].tolist() == [1_000_000, 900_000]
    assert found.apparent_va.tolist() == [[100_000]]
    assert found.clean.tolist() == [True]
    more = State(grid, np.array([[0], [-90_001]]), np.zeros((2, 1), np.int64))
    worse = verify(more, ac)
    assert worse.over_va[0, 0] > 0 < worse.below_ppm[1, 0]
    gone = verify(State(grid, np.array([[0], [-(10**6)]]), np.zeros((2, 1), np.int64)), ac)
    assert not gone.solved[0]
    assert not gone.clean[0]


def test_a_clean_state_buys_nothing(ac, offers_of):
    grid = feeder()
    found = redispatch(
        state(grid, [0, -5_000, 0, -5_000]), ac, offers_of([(3, 1, 9_000, 0, 5, 0, 1)]), HOURS
    )
    told = report(found, offers_of([(3, 1, 9_000, 0, 5, 0, 1)]))
    assert not found.power_w.any()
    assert found.rounds == 0
    assert not told.fate.any()
    assert told.unkept == ()


def test_the_cheaper_offer_relieves_the_cable(ac, offers_of):
    grid = feeder()
    offers = offers_of(
        [
            (3, 1, 9_000, 0, 200_000, 0, 1),
            (1, 1, 9_000, 0, 100_000, 0, 1),
            (2, -1, 9_000, 0, 1, 0, 1),
        ]
    )
    start = state(grid, [0, -8_000, -8_000, -8_000])
    found = redispatch(start, ac, offers, HOURS)
    assert found.before.over_va[0, 0] > 4_000
    assert found.after.clean.all()
    assert found.power_w[0, 0] == found.power_w[2, 0] == 0
    bought = int(found.power_w[1, 0])
    # no W too many: with one W less the cable is over its limit
    assert not verify(
        with_power(start, offers, found.power_w - np.array([[0], [1], [0]])), ac
    ).clean.all()
    told = report(found, offers)
    assert told.fate[0, 0] == Fate.RELIEVED
    assert told.unkept == ()
    money = settle(found, offers, 3, np.array([60_000]))
    assert money.providers_nano.tolist() == [0, bought * 100_000, 0]
    assert money.outside_nano.tolist() == [-bought * 60_000]
    assert money.operator_nano == bought * 60_000 - bought * 100_000


def test_what_ran_out_is_told_with_its_price(ac, offers_of):
    grid = feeder()
    offers = offers_of([(1, 1, 1_000, 0, 300_000, 0, 1), (3, 1, 500, 0, 100_000, 0, 1)])
    found = redispatch(state(grid, [0, -8_000, -8_000, -8_000]), ac, offers, HOURS)
    assert found.power_w[:, 0].tolist() == [1_000, 500]
    told = report(found, offers)
    (unkept,) = told.unkept
    assert (unkept.kind, unkept.element, unkept.slot) == (Kind.CURRENT, "cable", 0)
    assert unkept.exhausted == (0, 1)
    assert unkept.left == ()
    assert not unkept.worse
    assert 0 < unkept.beyond < found.before.over_va[0, 0]
    # the last W came from a, which does a little less than c: its price per W at c
    assert 300_000 <= unkept.last_micro_per_kw < 400_000
    assert unkept.would_cost_nano == unkept.last_micro_per_kw * unkept.lacking_w
    (line,) = lines(told)
    assert line.startswith("cable, slot 0: ")
    assert "all offers together do not suffice; bought in full: 0, 1; " in line


def test_what_is_too_dear_or_too_late_is_left(ac, offers_of):
    grid, start = feeder(), None
    start = state(grid, [0, -8_000, -8_000, -8_000])
    offers = offers_of([(1, 1, 9_000, 0, 300_000, 0, 1)])
    dear = redispatch(start, ac, offers, HOURS, Terms(worth_micro_per_kw=200_000))
    (unkept,) = report(dear, offers).unkept
    assert "cost more than relief is worth" in unkept.why
    assert unkept.left == (0,)
    assert unkept.last_micro_per_kw is None
    late = msgspec.structs.replace(offers, notice_s=np.array([600]))
    none = redispatch(start, ac, late, HOURS, Terms(decided_at=-599))
    (unkept,) = report(none, late).unkept
    assert unkept.why == NO_OFFER
    assert none.last is None
    assert redispatch(start, ac, late, HOURS, Terms(decided_at=-600)).after.clean.all()
    money = settle(none, late, 1, np.array([1]))
    assert (money.providers_nano.tolist(), money.outside_nano.tolist()) == ([0], [0])
    assert money.operator_nano == 0


def test_voltage_is_held_by_the_offer_that_moves_it_most(ac, offers_of):
    grid = feeder(None, 0.2)
    offers = offers_of([(1, 1, 20_000, 0, 100_000, 0, 1), (3, 1, 20_000, 0, 150_000, 0, 1)])
    start = state(grid, [0, -15_000, -15_000, -15_000], band=Band())
    found = redispatch(start, ac, offers, HOURS)
    assert found.before.below_ppm[3, 0] > 0
    assert found.after.clean.all()
    # a W at c does three times what one at a does, for half as much again
    assert found.power_w[0, 0] == 0 < found.power_w[1, 0]
    told = report(found, offers)
    low = (told.limits.kind == Kind.LOW_VOLTAGE) & (told.limits.element == 3)
    assert told.fate[low, 0].tolist() == [Fate.RELIEVED]


def test_another_limit_is_not_sacrificed(ac, offers_of):
    """Solar at a overloads the cable; the cheap load that would help is behind a thin branch."""
    nodes = [Node(name, 400) for name in ("station", "a", "thin")]
    parts = [
        Branch("cable", "station", "a", 0.01, 0.01, 20_000),
        Branch("thin", "a", "thin", 0.01, 0.01, 3_000),
    ]
    grid = network(nodes, parts, "station")
    offers = offers_of([(2, -1, 9_000, 0, 1, 0, 1), (1, -1, 9_000, 0, 500_000, 0, 1)])
    found = redispatch(state(grid, [0, 25_000, -2_000]), ac, offers, HOURS)
    assert found.after.clean.all()
    # the voltage at a is a little above the rated one, so that 3,000 VA are a little above 3,000 W
    assert 1_000 <= found.power_w[0, 0] < 1_020
    assert found.power_w[1, 0] > 1_000


def test_blocks_over_several_slots(ac, offers_of):
    """An indivisible offer of two slots relieves the first and must not overload the second."""
    grid, window = feeder(10_000), Slots(0, 900, 2)
    offers = offers_of([(3, 1, 15_000, 15_000, 1, 0, 2), (3, 1, 4_000, 0, 900_000, 0, 1)])
    start = state(grid, [0, 0, 0, -12_000], [0, 0, 0, 0])
    found = redispatch(start, ac, offers, window)
    assert found.after.clean.all()
    assert found.power_w[0].tolist() == [0, 0]  # 15 kW in the second slot would be too much
    assert found.power_w[1, 0] > 2_000


def test_a_slot_without_a_power_flow_is_told_and_left_alone(ac, offers_of):
    grid, window = feeder(), Slots(0, 3600, 2)
    offers = offers_of([(3, 1, 9_000, 0, 100_000, 0, 1), (3, 1, 9_000, 0, 100_000, 1, 1)])
    found = redispatch(state(grid, [0, 0, 0, -(10**6)], [0, 0, 0, -24_000]), ac, offers, window)
    told = report(found, offers)
    assert told.unsolved == (0,)
    assert np.all(told.fate[:, 0] == Fate.UNSOLVED)
    assert told.fate[0, 1] == Fate.RELIEVED
    assert lines(told) == ["slot 0: the AC power flow has no solution"]
    assert found.power_w[0].tolist() == [0, 0]


def test_sensitivities_are_those_of_the_flow(ac):
    """Without losses or voltage drops a W at c takes a W off the cable."""
    grid = feeder(20_000, 1e-6)
    start = state(grid, [0, -8_000, -8_000, -8_000])
    found = linearised(start, ac, np.array([1, 3]), np.array([0]))
    assert found.effect[0, :, 0] == pytest.approx([-1, -1], abs=1e-4)
    again = ac(grid, start.active_w, start.reactive_var)
    assert found.beyond == pytest.approx(beyond(start, again))


@st.composite
def feeders(draw):
    """A random radial feeder under stress, with offers here and there."""
    count, slots = draw(st.integers(3, 6)), draw(st.integers(1, 2))
    nodes = [Node(f"n{row}", 400) for row in range(count)]
    branches = [
        Branch(
            f"b{row}",
            f"n{draw(st.integers(0, row - 1))}",
            f"n{row}",
            draw(st.integers(1, 3)) / 100,
            draw(st.integers(1, 6)) / 100,
            draw(st.none() | st.integers(5_000, 40_000)),
        )
        for row in range(1, count)
    ]
    grid = network(nodes, branches, "n0")
    fed = draw(
        st.lists(st.integers(-12_000, 12_000), min_size=count * slots, max_size=count * slots)
    )
    offer = st.tuples(
        st.integers(1, count - 1),
        st.sampled_from([1, -1]),
        st.integers(1, 15_000),
        st.sampled_from([0, 0, 1]),
        st.integers(0, 400_000),
        st.integers(0, slots - 1),
        st.just(1),
    )
    rows = draw(st.lists(offer, max_size=6))
    rows = [(*row[:3], row[2] * row[3], *row[4:]) for row in rows]  # some are indivisible
    active = np.array(fed, np.int64).reshape(count, slots)
    return State(grid, active, np.zeros_like(active)), rows, Slots(0, 900, slots)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_every_limit_is_kept_or_explained(ac, offers_of, data):
    start, rows, window = data.draw(feeders())
    offers = offers_of(rows)
    found = redispatch(start, ac, offers, window)
    told = report(found, offers)
    again = verify(with_power(start, offers, found.power_w), ac)
    over = (again.over_va, again.below_ppm, again.above_ppm)
    count = sum(int(np.sum(part > 0)) for part in over)
    assert len(lines(told)) == count + len(told.unsolved)
    assert count == len(told.unkept) == np.sum(told.fate == Fate.OVERRUN)
    assert (count == 0) == bool(again.clean[again.solved].all())
    for each in told.unkept:
        column = told.after[:, each.slot] > told.before[:, each.slot]
        assert each.worse <= column.any()
        assert each.why
    # what is made worse is said to be
    assert np.sum(told.after > np.maximum(told.before, 0)) == sum(at.worse for at in told.unkept)
    # never more overrun than before
    before = (found.before.over_va, found.before.below_ppm, found.before.above_ppm)
    assert count <= sum(int(np.sum(part > 0)) for part in before)
    within = (found.power_w >= 0) & (found.power_w <= offers.power_w[:, None])
    assert within.all()
    price = np.arange(window.count, dtype=np.int64) * 7 + 11
    money = settle(found, offers, offers.count, price)
    assert (
        int(money.providers_nano.sum()) + int(money.outside_nano.sum()) + money.operator_nano == 0
    )
    energy = (offers.direction[:, None] * found.power_w).sum(axis=0)
    assert np.abs(money.outside_nano + energy * price / 4).max(initial=0) <= price.max() * (
        offers.count + 1
    )


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_with_enough_on_offer_every_limit_is_kept(ac, offers_of, data):
    """Whoever may turn down all it feeds in or draws can make the whole grid idle."""
    start, _, window = data.draw(feeders())
    nodes, slots = np.nonzero(start.active_w)
    rows = [
        (
            node,
            -int(np.sign(start.active_w[node, slot])),
            abs(int(start.active_w[node, slot])),
            0,
            100,
            slot,
            1,
        )
        for node, slot in zip(nodes.tolist(), slots.tolist(), strict=True)
        if node
    ]
    offers = offers_of(rows)
    found = redispatch(start, ac, offers, window)
    assert found.before.solved.all()
    assert found.after.clean.all(), lines(report(found, offers))


def test_energies_become_mean_powers():
    assert watts(np.array([[5, -3]]), 900).tolist() == [[20, -12]]
