"""Working patterns against every window, start and choice of slots written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.base.randomness import stream
from gridpact.scheduling.working.columns import Appliances
from gridpact.scheduling.working.interruptible import (
    cost_of,
    work_at_once,
    work_below,
    work_cheapest,
    work_in_stretches,
)
from gridpact.scheduling.working.uninterruptible import (
    start_acceptable,
    start_at_once,
    start_cheapest,
)

HOURS = 6
PRICES = st.lists(st.integers(-3, 5), min_size=HOURS, max_size=HOURS).map(np.array)


@pytest.fixture(scope="module")
def every(plain):
    rows = plain.windows(HOURS)
    return rows, plain.columns(rows, 250)


@settings(deadline=None, max_examples=30)
@given(PRICES)
def test_starts_equal_every_start_tried(every, prices):
    rows, appliances = every
    once, best = start_at_once(appliances, prices), start_cheapest(appliances, prices)
    for place, (_, first, end, length) in enumerate(rows):
        costs = [250 * sum(prices[h : h + length]) for h in range(first, end - length + 1)]
        assert (once.slot[place], once.cost_nano[place]) == (first, costs[0])
        assert best.cost_nano[place] == min(costs)
        assert best.slot[place] == first + costs.index(min(costs))


@settings(deadline=None, max_examples=30)
@given(PRICES, st.integers(-2000, 4000), st.booleans())
def test_the_first_acceptable_start_is_taken(every, prices, most, must):
    rows, appliances = every
    found = start_acceptable(appliances, prices, most, must=must)
    for place, (_, first, end, length) in enumerate(rows):
        costs = [250 * sum(prices[h : h + length]) for h in range(first, end - length + 1)]
        fits = [h for h, cost in enumerate(costs) if cost <= most]
        want = fits[0] if fits else (len(costs) - 1 if must else -1)
        assert found.slot[place] == (first + want if want >= 0 else -1)
        assert found.cost_nano[place] == (costs[want] if want >= 0 else 0)


def test_a_start_is_decided_by_the_forecast_issued_then(plain):
    # issued in slot 0: dear now; in slot 1: cheap from now on; the past is not even given
    issued = np.array([[[9, 9, 9], [np.nan, 2, 2], [np.nan, np.nan, 1]]])
    appliance = plain.columns([(0, 0, 3, 2)])
    found = start_acceptable(appliance, issued, 5000)
    assert (found.slot[0], found.cost_nano[0]) == (1, 4000)
    assert start_acceptable(appliance, issued, 3999, must=False).slot[0] == -1
    later = issued.copy()
    later[0, 1, 2] = 7  # what is issued later changes nothing that was decided before
    assert start_acceptable(appliance, later, 18_000).slot[0] == 0


@settings(deadline=None, max_examples=30)
@given(PRICES)
def test_cheapest_slots_equal_every_choice_tried(every, plain, prices):
    rows, appliances = every
    once, best = work_at_once(appliances, prices), work_cheapest(appliances, prices)
    for place, (_, first, end, length) in enumerate(rows):
        costs = [250 * sum(prices[list(c)]) for c in plain.choices(first, end, length)]
        assert best.cost_nano[place] == min(costs)
        chosen = set(np.flatnonzero(best.works[place]).tolist())
        assert chosen in plain.choices(first, end, length)
        assert 250 * sum(prices[list(chosen)]) == min(costs)
        assert np.flatnonzero(once.works[place]).tolist() == list(range(first, first + length))


@settings(deadline=None, max_examples=30)
@given(PRICES, st.integers(-4, 6), st.booleans())
def test_work_below_a_price_is_done_slot_by_slot(every, prices, most, must):
    rows, appliances = every
    found = work_below(appliances, prices, most, must=must)
    for place, (_, first, end, length) in enumerate(rows):
        done = []
        for hour in range(first, end):
            needed = length - len(done)
            if needed and (prices[hour] <= most or (must and end - hour == needed)):
                done.append(hour)
        assert np.flatnonzero(found.works[place]).tolist() == done
        assert found.cost_nano[place] == 250 * sum(prices[done])
        assert len(done) == length or not must


@settings(deadline=None, max_examples=20)
@given(PRICES, st.integers(1, 3), st.integers(1, 3))
def test_stretches_equal_every_choice_with_long_enough_ones(every, plain, prices, on, off):
    rows, _ = every
    keep = [place for place, row in enumerate(rows) if row[3] >= on]
    kept = plain.columns([rows[place] for place in keep], 250)
    found = work_in_stretches(kept, prices, on, off)
    for place, (_, first, end, length) in enumerate(rows[p] for p in keep):
        allowed = [c for c in plain.choices(first, end, length) if _stretched(c, on, off)]
        assert found.cost_nano[place] == min(250 * sum(prices[list(c)]) for c in allowed)
        assert set(np.flatnonzero(found.works[place]).tolist()) in allowed


def _stretched(chosen, on, off):
    marks = "".join("x" if slot in chosen else "." for slot in range(HOURS)).strip(".")
    runs, pauses = marks.replace(".", " ").split(), marks.replace("x", " ").split()
    return min(map(len, runs)) >= on and all(len(pause) >= off for pause in pauses)


def test_zones_pay_their_own_prices_whatever_the_order_of_rows(plain):
    draw = stream(3, "working", "zones")
    prices = draw.integers(0, 100, (4, 24))
    zone, first = draw.integers(0, 4, 300), draw.integers(0, 12, 300)
    length = draw.integers(2, 6, 300)
    many = Appliances(zone, first, first + length + draw.integers(0, 6, 300), length)
    together = costs_of(many, prices)
    for row in range(300):
        window = [(0, first[row], many.end[row], length[row])]
        assert costs_of(plain.columns(window), prices[zone[row]])[:, 0].tolist() == (
            together[:, row].tolist()
        )


def costs_of(appliances, prices):
    return np.array(
        [
            start_cheapest(appliances, prices).cost_nano,
            work_cheapest(appliances, prices).cost_nano,
            work_in_stretches(appliances, prices, 2, 2).cost_nano,
            work_below(appliances, prices, 30).cost_nano,
        ]
    )


def test_patterns_are_ranked_as_they_must_be(every):
    rows, appliances = every
    prices = stream(5, "working", "rank").integers(0, 50, HOURS)
    apart = work_cheapest(appliances, prices).cost_nano
    stretched = start_cheapest(appliances, prices).cost_nano
    assert (apart <= stretched).all()
    assert (stretched <= start_at_once(appliances, prices).cost_nano).all()
    again = cost_of(appliances, work_cheapest(appliances, prices).works, prices)
    assert again.tolist() == apart.tolist()
    marks = start_cheapest(appliances, prices).works(appliances, HOURS)
    assert marks.sum(axis=1).tolist() == [row[3] for row in rows]


def test_everything_wrong_is_named_at_once(plain):
    with pytest.raises(BadInput) as caught:
        start_cheapest(plain.columns([(0, 2, 4, 3), (1, 0, 9, 1)]), np.arange(6))
    text = str(caught.value)
    assert "length[0]: 3 slots of work do not fit between slots 2 and 4" in text
    assert "zone[1]: 1." in text
    assert "end[1]: 9." in text
    one = plain.columns([(0, 0, 4, 2)])
    for call in (
        lambda: start_cheapest(one, [1.0, np.nan, 2.0, 3.0]),
        lambda: start_cheapest(one, np.zeros((0, 4))),
        lambda: start_acceptable(one, np.zeros((1, 2, 4)), 5),
        lambda: work_in_stretches(one, np.zeros(4), 3, 1),
        lambda: work_in_stretches(one, np.zeros(4), 1, 0),
    ):
        with pytest.raises(BadInput):
            call()


def test_no_appliances_are_no_fault(plain):
    none = plain.columns([])
    assert len(start_cheapest(none, np.arange(4)).slot) == 0
    assert work_cheapest(none, np.arange(4)).works.shape == (0, 4)
    assert work_in_stretches(none, np.arange(4), 2, 2).works.shape == (0, 4)
