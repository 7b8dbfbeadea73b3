"""A session's problem, column by column, against plain loops and hand-worked numbers."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.forecasting.messages import ForecastIssued
from gridpact.scheduling.appliances import begun, running_wh, still_wanted
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.prepare import (
    Inputs,
    foreseen,
    full_plan,
    over,
    problem,
    repeated,
    wanted_runs,
)
from gridpact.scheduling.problem import Plan

STEP = 900
DAY = date(2026, 6, 15)


@pytest.fixture(scope="module")
def community(small_community):
    return small_community(
        3,
        zones=[(-1, 10_001, -1), (0, 3, 0)],
        zone=np.array([0, 1, 1]),
        pv=[(2, 5000), (0, 100), (2, 900)],
        storage=[("battery", 1, 4000, 3000, 8000, 0.9, 0.8, 0.99)],
        runs=[(0, 1001, 3600, 0, 86_400), (2, 600, 901, 0, 86_400), (1, 8, 900, 0, 86_400)],
    )


def needs_of(horizon, earliest, latest):
    table = np.arange(horizon.count)[None, :]
    return NeedsStated(
        session="s",
        window=horizon,
        charge_max_wh=table + 1000,
        discharge_max_wh=table + 700,
        lo_wh=table * 0,
        hi_wh=table * 0 + 8000,
        draw_wh=table + 1,
        run_earliest=np.array(earliest),
        run_latest=np.array(latest),
    )


def forecast_of(horizon, load, pv):
    none = np.zeros((0, 0, horizon.count), np.int64)
    return ForecastIssued(
        session="s",
        window=horizon,
        load_wh=np.array(load),
        pv_wh=np.array(pv),
        levels=(),
        load_quantiles_wh=none,
        pv_quantiles_wh=none,
    )


def test_every_column(community):
    horizon = Slots(0, STEP, 4)
    needs = needs_of(horizon, [2, -1, 0], [3, -1, 3])
    forecast = forecast_of(
        horizon, np.arange(12).reshape(3, 4), [[1, 2, 3, 4], [10, 20, 30, 40], [100] * 4]
    )
    spot = np.array([100_000, 0, -50_000, 1])
    inputs = Inputs(needs, forecast, spot, np.full((3, 4), 7), np.array([4321]))
    made = problem(community, horizon, inputs)
    assert made.slots == horizon
    assert made.load_wh.tolist() == np.arange(12).reshape(3, 4).tolist()
    assert made.pv_wh.tolist() == [[10, 20, 30, 40], [0] * 4, [101, 102, 103, 104]]
    # spot + 6 ct + 9 ct network + 2 ct levy; spot - 1 ct
    assert made.import_price.tolist() == [[270_000, 170_000, 120_000, 170_001]] * 3
    assert made.export_price.tolist() == [[90_000, -10_000, -60_000, -9_999]] * 3
    assert made.position_wh.tolist() == [[7] * 4] * 3
    # 10,001 W and 3 W for a quarter of an hour, rounded down: never more than is allowed
    assert made.zones.import_limit_wh.tolist() == [[2500] * 4, [0] * 4]
    assert made.zones.export_limit_wh.tolist() == [[-1] * 4, [0] * 4]
    assert made.zones.parent.tolist() == [-1, 0]
    assert made.zones.zone.tolist() == [0, 1, 1]
    assert made.runs.home.tolist() == [0, 1], "the second appliance does not run"
    assert made.runs.energy_wh.tolist() == [250, 2]
    assert made.runs.length.tolist() == [4, 1]
    assert made.runs.earliest.tolist() == [2, 0]
    assert made.runs.latest.tolist() == [3, 3]
    storage = made.storage
    assert storage.home.tolist() == [1]
    assert storage.initial_wh.tolist() == [4321]
    assert storage.draw_wh.tolist() == [[1, 2, 3, 4]]
    assert storage.charge_max_wh.tolist() == [[1000, 1001, 1002, 1003]]
    assert storage.discharge_max_wh.tolist() == [[700, 701, 702, 703]]
    assert storage.kept[0] ** 4 == pytest.approx(0.99), "of an hour, in quarters"


def test_a_run_of_one_second_more_takes_a_slot_more(community):
    horizon = Slots(0, STEP, 4)
    needs = needs_of(horizon, [0, 0, 0], [0, 2, 3])
    inputs = Inputs(
        needs,
        forecast_of(horizon, np.zeros((3, 4), np.int64), np.zeros((3, 4), np.int64)),
        np.zeros(4, np.int64),
        np.zeros((3, 4), np.int64),
        np.array([0]),
    )
    assert problem(community, horizon, inputs).runs.length.tolist() == [4, 2, 1]
    assert wanted_runs(needs).tolist() == [0, 1, 2]


def piece(start, values):
    return Slots(start * STEP, STEP, np.shape(values)[-1]), np.array(values)


PIECES = st.lists(
    st.tuples(st.integers(-6, 12), st.lists(st.integers(-9, 9), max_size=8)), max_size=4
)


@given(PIECES, st.integers(0, 10))
@settings(deadline=None, max_examples=150)
def test_over_lays_pieces_where_they_belong(pieces, count):
    horizon = Slots(0, STEP, count)
    expected = [[0] * count, [0] * count]
    for first, values in pieces:
        for place, value in enumerate(values):
            if 0 <= first + place < count:
                expected[0][first + place], expected[1][first + place] = value, -value
    laid = over(
        horizon,
        [piece(first, [values, [-v for v in values]]) for first, values in pieces],
        2,
    )
    assert laid.tolist() == expected


@pytest.mark.parametrize("slots", [92, 96, 100])
@pytest.mark.parametrize("first", [0, 30, 91])
def test_beyond_the_last_day_prices_are_those_of_24_hours_before(slots, first):
    values = np.arange(1000, 1000 + slots)
    horizon = Slots(first * STEP, STEP, slots - first + 48)
    found = repeated(horizon, Slots(0, STEP, slots), values).tolist()
    for place, price in enumerate(found):
        slot = first + place
        # of a day of 23 hours the hour before its beginning is not known: its first price stands
        known = slot if slot < slots else max(slot - 96, 0)
        assert price == 1000 + known


def test_published_prices_go_before_repeated_ones():
    today, tomorrow = piece(0, np.arange(96)), piece(96, np.arange(500, 520))
    horizon = Slots(50 * STEP, STEP, 46 + 48)
    found = foreseen(horizon, [today, tomorrow], today)
    assert found.tolist() == [*range(50, 96), *range(500, 520), *range(20, 48)]


def test_starts_go_back_to_the_rows_of_their_appliances():
    nothing = np.zeros((0, 4), np.int64)
    plan = Plan(*[nothing] * 5, np.array([3, 0]), nothing, nothing, ())
    needs = needs_of(Slots(0, STEP, 4), [1, -1, 0], [3, -1, 0])
    assert full_plan(plan, needs, 3).run_start.tolist() == [3, -1, 0]


# -- appliances that have begun ---------------------------------------------------------------


def in_force(schedules, horizon, row):
    """Slot by slot: where the latest schedule that covers a slot starts an appliance."""
    started = []
    for at in range(0, horizon.start, STEP):
        covering = [s for s in schedules if s[0].start <= at < s[0].end]
        same_day = [s for s in covering if s[0].end > horizon.start]
        if same_day:
            window, starts = same_day[-1]
            if starts[row] >= 0 and window.start + starts[row] * STEP == at:
                started.append(at)
    return started


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_what_has_begun_is_what_the_schedules_in_force_started(data):
    ends = 12
    firsts = sorted(data.draw(st.lists(st.integers(0, ends - 1), max_size=4, unique=True)))
    schedules = []
    for first in firsts:
        window = Slots(first * STEP, STEP, ends - first)
        starts = data.draw(st.lists(st.integers(-1, window.count - 1), min_size=2, max_size=2))
        schedules.append((window, np.array(starts)))
    horizon = Slots(data.draw(st.integers(0, ends)) * STEP, STEP, 8)
    found = begun(iter(schedules), horizon, 2)
    for row in range(2):
        started = in_force(schedules, horizon, row)
        # a schedule made without this knowledge may have started it again: the first counts
        assert found[row] == (started[0] if started else -1)


def test_yesterdays_schedule_starts_nothing_today():
    yesterday = (Slots(0, STEP, 10), np.array([3]))
    assert begun([yesterday], Slots(10 * STEP, STEP, 5), 1).tolist() == [-1]
    assert begun([], Slots(10 * STEP, STEP, 5), 1).tolist() == [-1]


def test_what_has_begun_is_wanted_no_more_and_is_load_until_it_ends(community):
    horizon = Slots(10 * STEP, STEP, 4)
    begun_at = np.array([8 * STEP, -1, 9 * STEP])
    taken = running_wh(community, horizon, begun_at)
    # four slots of 250 Wh from the eighth, one slot of 2 Wh over before the tenth
    assert taken.tolist() == [[250, 250, 0, 0], [0] * 4, [0] * 4]
    needs = still_wanted(needs_of(horizon, [0, 1, 0], [3, 2, 1]), begun_at)
    assert needs.run_earliest.tolist() == [-1, 1, -1]
    assert needs.run_latest.tolist() == [-1, 2, -1]
    whole = running_wh(community, Slots(0, STEP, 20), np.array([3 * STEP, 2 * STEP, 0]))
    assert whole.sum(axis=1).tolist() == [1000, 2, 300], "nothing is lost"
