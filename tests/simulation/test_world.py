"""The simulated world: meters add up, late readings come once, and nothing is forgotten."""

from datetime import date

import msgspec
import numpy as np
import pytest

from gridpact.base.slots import iso
from gridpact.forecasting.messages import HistoryRequested
from gridpact.kernel.codec import encode
from gridpact.market.messages import PricesMissing, PricesPublished, PricesRequested
from gridpact.metering.messages import BoundaryRead, DayClosed, ReadingsReceived
from gridpact.registry.model import CAUSES, OperationRules
from gridpact.scheduling.messages import DispatchIssued, NeedsRequested, TelemetryReceived
from gridpact.simulation.faults import Lost, Rates
from gridpact.simulation.messages import WorldAdvanced
from gridpact.simulation.truth import Behaviour
from gridpact.simulation.world import ASKED, World, resting_world

DAY = date(2026, 3, 29)
RATES = Rates(missing=0.1, late=0.2, late_slots=4, refusal=0.2, drift=0.2)
NO_FAULTS = Rates(0.0, 0.0, 1, 0.0, 0.0)
MEMBERS = 6


class Fixed:
    """A truth worked out from the instant alone."""

    def __init__(self, community, gaps=()):
        self._community, self._gaps = community, gaps

    def _table(self, rows, slots, size):
        place = slots.starts() // slots.step
        return (np.arange(rows)[:, None] * 37 + place * 11) % size

    def load_wh(self, slots):
        load = self._table(MEMBERS, slots, 400)
        known = np.ones(load.shape, bool)
        for row, start in self._gaps:
            known[row, slots.starts() == start] = False
        return np.where(known, load, 0), known

    def pv_wh(self, slots):
        made = self._table(len(self._community.pv.ids), slots, 700)
        return made, made % 13 != 5

    def spot(self, slots):
        return self._table(1, slots, 90_000)[0], np.ones(slots.count, bool)

    def spread(self, slots):
        return self._table(1, slots, 3000)[0] - 1500

    def behaviour(self, slots):
        rows = len(self._community.storage.ids)
        there = self._table(rows, slots, 5) > 0
        return Behaviour(there, self._table(rows, slots, 300), there * 0)

    def expected(self, slots):
        return self.behaviour(slots)


@pytest.fixture(scope="module")
def community(small_community):
    return small_community(
        MEMBERS,
        zones=[(-1, -1, -1), (0, -1, -1), (1, -1, -1), (0, -1, -1)],
        zone=np.array([0, 1, 2, 2, 3, 1]),
        pv=[(1, 4000), (3, 4000), (3, 2000)],
        storage=[
            ("battery", 0, 4000, 4000, 8000, 0.95, 0.95, 0.999),
            ("car", 2, 7000, 0, 40_000, 0.9, 0.9, 1),
            ("heat_pump", 4, 3000, 0, 6000, 1, 1, 0.98),
        ],
        runs=[(5, 1200, 4000, 0, 86_400), (2, 800, 900, 0, 86_400)],
    )


def world_of(community, rates=RATES, truth=None, seed=9):
    reserve = np.array([800, 4000, 0])
    return World(community, truth or Fixed(community), seed, rates, reserve)


def dispatch(community, slot, seed=0, *, autonomous=False, run_start=(False, False)):
    rng = np.random.default_rng([seed, slot % 2**32])
    count = len(community.storage.ids)
    charge = rng.integers(0, 1500, count)
    return DispatchIssued(
        slot=slot,
        step=900,
        charge_wh=np.where(rng.random(count) < 0.5, charge, 0),
        discharge_wh=np.where(rng.random(count) < 0.5, 0, charge),
        curtail_wh=rng.integers(0, 300, MEMBERS) * (rng.random(MEMBERS) < 0.3),
        run_start=np.array(run_start),
        autonomous=autonomous,
    )


def day_of(community, *, fresh=False, rates=RATES, truth=None):
    """Live through a day; with ``fresh``, in a world that is built anew before every slot."""
    world = world_of(community, rates, truth)
    state = world.room().state
    for place, slot in enumerate(community.calendar.day(DAY).starts().tolist()):
        if fresh:
            world = world_of(community, rates, truth)
        starts = (place == 30, place in (10, 60))
        answers = world.dispatched(state, dispatch(community, slot, run_start=starts))
        yield state, answers
        state = answers[0]


def only(answers, kind):
    return [message for message in answers if isinstance(message, kind)]


def test_boundaries_carry_the_sum_of_the_metering_points_below_them(community):
    """Zone 0 holds all, 1 holds 2 as well."""
    below = {0: [0, 1, 2, 3, 4, 5], 1: [1, 2, 3, 5], 2: [2, 3], 3: [4]}
    for _, answers in day_of(community, rates=NO_FAULTS):
        (boundary,), (reading, *_) = only(answers, BoundaryRead), only(answers, ReadingsReceived)
        net = (reading.withdrawal_wh - reading.injection_wh).tolist()
        for zone, rows in below.items():
            flow = sum(net[row] for row in rows)
            assert boundary.import_wh[zone] == max(flow, 0)
            assert boundary.export_wh[zone] == max(-flow, 0)


def test_metering_points_add_up_what_is_behind_them(community):
    truth, calendar = Fixed(community), community.calendar
    load, _ = truth.load_wh(calendar.day(DAY))
    for place, (_, answers) in enumerate(day_of(community, truth=truth)):
        (told,), (reading, *_) = only(answers, TelemetryReceived), only(answers, ReadingsReceived)
        net = load[:, place].tolist()
        for asset, owner in enumerate((0, 2, 4)):
            net[owner] += int(told.charge_wh[asset] - told.discharge_wh[asset])
        for run, owner in enumerate((5, 2)):
            net[owner] += int(told.run_wh[run])
        for plant, owner in enumerate((1, 3, 3)):
            net[owner] -= int(told.pv_wh[plant])
        assert (reading.withdrawal_wh - reading.injection_wh).tolist() == net
        assert not np.any((reading.withdrawal_wh > 0) & (reading.injection_wh > 0))


def test_every_reading_comes_at_most_once_and_late_ones_when_they_are_due(community):
    came, sent, delayed = {}, 0, 0
    truth = Fixed(community)
    slots = community.calendar.day(DAY)
    _, load_known = truth.load_wh(slots)
    _, pv_known = truth.pv_wh(slots)
    known = load_known.copy()
    for plant, owner in enumerate((1, 3, 3)):
        known[owner] &= pv_known[plant]
    for place, (_, answers) in enumerate(day_of(community)):
        now = slots.start + place * 900
        for reading in only(answers, ReadingsReceived):
            wait = (now - reading.slot) // 900
            for row in np.flatnonzero(reading.present).tolist():
                assert (row, reading.slot) not in came
                came[row, reading.slot] = wait
                assert wait in (0, 4)
                assert known[row, (reading.slot - slots.start) // 900]
                sent, delayed = sent + (wait == 0), delayed + (wait == 4)
    assert delayed > 20
    expected = known[:, :-4].sum()
    on_time_or_late = sum(1 for _, slot in came if slot < slots.end - 4 * 900)
    assert on_time_or_late < expected, "missing ones never come"
    share = on_time_or_late / expected
    assert 0.82 < share < 0.97, "nine in ten come"
    assert 0.14 < delayed / expected < 0.27


def test_where_data_are_missing_a_meter_is_silent(community):
    slots = community.calendar.day(DAY)
    gap = (2, slots.start + 5 * 900)
    truth = Fixed(community, gaps=[gap])
    seen = {
        (row, reading.slot)
        for _, answers in day_of(community, rates=NO_FAULTS, truth=truth)
        for reading in only(answers, ReadingsReceived)
        for row in np.flatnonzero(reading.present).tolist()
    }
    _, pv_known = truth.pv_wh(slots)
    silent = {
        (owner, int(start))
        for plant, owner in enumerate((1, 3, 3))
        for start in slots.starts()[~pv_known[plant]]
    }
    everything = {(row, int(start)) for row in range(MEMBERS) for start in slots.starts()}
    assert silent
    assert seen == everything - silent - {gap}


def test_a_world_that_is_built_anew_goes_on_the_same(community):
    kept = [[encode(message) for message in answers] for _, answers in day_of(community)]
    fresh = [
        [encode(message) for message in answers] for _, answers in day_of(community, fresh=True)
    ]
    assert kept == fresh


def test_a_run_takes_its_power_for_its_time_and_its_day_is_noted(community):
    taken = np.array([only(a, TelemetryReceived)[0].run_wh for _, a in day_of(community)])
    assert np.flatnonzero(taken[:, 0]).tolist() == [30, 31, 32, 33, 34], "4000 s are five slots"
    assert set(taken[30:35, 0].tolist()) == {300}
    assert np.flatnonzero(taken[:, 1]).tolist() == [10, 60]
    *_, (state, _) = day_of(community)
    assert state.run_day.tolist() == [DAY.toordinal()] * 2
    assert state.run_left.tolist() == [0, 0]


def test_stubborn_devices_do_as_they_would_alone(community):
    always = msgspec.structs.replace(NO_FAULTS, refusal=1.0)
    slot = community.calendar.midnight(DAY)
    state = resting_world(community).state
    obeyed = world_of(community, NO_FAULTS).dispatched(state, dispatch(community, slot))
    refused = world_of(community, always).dispatched(state, dispatch(community, slot))
    alone = world_of(community, NO_FAULTS).dispatched(
        state, dispatch(community, slot, autonomous=True)
    )
    one, two, three = (only(a, TelemetryReceived)[0] for a in (refused, alone, obeyed))
    assert one.refused.all()
    assert not two.refused.any()
    for name in ("charge_wh", "discharge_wh", "state_wh"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert one.charge_wh[0] == one.discharge_wh[0] == 0, "a battery rests"
    assert three.charge_wh.tolist() != one.charge_wh.tolist()


def test_what_it_says_of_the_past_and_of_prices(community):
    world, state = world_of(community), resting_world(community).state
    slots = community.calendar.day(DAY)
    (past,) = world.history(state, HistoryRequested(slots=slots))
    np.testing.assert_array_equal(past.load_wh, Fixed(community).load_wh(slots)[0])
    assert not past.pv_known.all()
    (published,) = world.prices(state, PricesRequested(day=str(DAY), slots=slots))
    assert isinstance(published, PricesPublished)
    (spread,) = world.imbalance(state, DayClosed(day=str(DAY), slots=slots))
    np.testing.assert_array_equal(spread.spread_micro_per_kwh, Fixed(community).spread(slots))
    (stated,) = world.needs(state, NeedsRequested(session="s", window=slots))
    assert stated.charge_max_wh.shape == (3, 92)


def test_a_price_that_is_missing_is_not_a_price(community):
    class Silent(Fixed):
        def spot(self, slots):
            return np.zeros(slots.count, np.int64), np.arange(slots.count) != 7

    world, slots = world_of(community, truth=Silent(community)), community.calendar.day(DAY)
    (answer,) = world.prices(
        resting_world(community).state, PricesRequested(day=str(DAY), slots=slots)
    )
    assert isinstance(answer, PricesMissing)
    assert answer.reason == "1 of 92 slots have no price in the data"


def test_a_replay_takes_answers_and_asks_nobody(community):
    room = resting_world(community)
    advanced = WorldAdvanced(
        slot=1,
        state_wh=np.array([1, 2, 3]),
        unmet_wh=np.zeros(3, np.int64),
        run_left=np.zeros(2, np.int64),
        run_day=np.zeros(2, np.int64),
        withheld=(),
    )
    assert room.handlers[WorldAdvanced](room.state, advanced, 0) == (advanced, [])
    assert set(room.effects) == set(ASKED) == set(world_of(community).room().effects)
    with pytest.raises(RuntimeError, match="no world to ask"):
        room.effects[DayClosed](room.state, DayClosed(day="d", slots=community.calendar.day(DAY)))
    assert iso(community.calendar.midnight(DAY)) == "2026-03-28T23:00:00Z"


def test_a_lost_device_does_as_it_would_alone_and_tells_nothing(community):
    """The car is out of reach from one to five in the morning; clocks go forward at two."""
    lost = msgspec.structs.replace(
        NO_FAULTS, lost=(Lost(community.storage.ids[1], 3600, 5 * 3600),)
    )
    begin, rates = community.calendar.midnight(DAY), lost
    slots = community.calendar.day(DAY)
    seconds = community.calendar.seconds_of_day(slots)
    gone = [3600 <= second < 5 * 3600 for second in seconds.tolist()]
    assert sum(gone) == 12
    unfollowed = []
    for place, (state, answers) in enumerate(day_of(community, rates=rates)):
        (told,), after = only(answers, TelemetryReceived), answers[0]
        if not gone[place]:
            assert told.reported is msgspec.UNSET
            assert told.state_wh.tolist() == after.state_wh.tolist()
            continue
        assert told.reported.tolist() == [True, False, True]
        assert (told.charge_wh[1], told.discharge_wh[1], told.state_wh[1]) == (0, 0, 0)
        issued = dispatch(community, begin + 900 * place)
        unfollowed.append(int(after.state_wh[1] - state.state_wh[1]) != int(issued.charge_wh[1]))
    assert any(unfollowed)


def test_devices_are_silent_by_chance_the_same_way_each_time(community):
    silent = msgspec.structs.replace(NO_FAULTS, silent=0.3)
    first, again = (
        [
            only(answers, TelemetryReceived)[0].reported
            for _, answers in day_of(community, rates=silent)
        ]
        for _ in range(2)
    )
    masks = [None if each is msgspec.UNSET else each.tolist() for each in first]
    assert masks == [None if each is msgspec.UNSET else each.tolist() for each in again]
    share = np.mean([False if each is None else not all(each) for each in masks])
    assert 0.2 < share < 0.95


def test_who_is_connected_is_told_with_rolling_operation(community):
    rolling = msgspec.structs.replace(community, operation=OperationRules(0, CAUSES, 30, 1800))
    (_, without), (_, told) = (next(day_of(each)) for each in (community, rolling))
    assert only(without, TelemetryReceived)[0].there is msgspec.UNSET
    slots = community.calendar.day(DAY)
    expected = Fixed(community).behaviour(slots).there[:, 0]
    assert only(told, TelemetryReceived)[0].there.tolist() == expected.tolist()
