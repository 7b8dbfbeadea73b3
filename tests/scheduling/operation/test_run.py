"""A simulated day under rolling operation: replayed, killed and resumed, and beside one without."""

from pathlib import Path

import numpy as np
import pytest

from gridpact.app import checks
from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import Record
from gridpact.kernel.journal import Journal
from gridpact.ledger.handlers import DAY
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.messages import Committed
from gridpact.market.gates import day_ahead
from gridpact.metering.messages import BoundaryRead
from gridpact.registry.messages import CommunityOpened
from gridpact.scheduling.messages import (
    DispatchIssued,
    ReplanDue,
    ScheduleKept,
    ScheduleRevised,
    ScheduleSolved,
    TelemetryReceived,
)
from gridpact.simulation.messages import WorldAdvanced
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.staging import world

SCENARIO = """
gridpact: 1
zones: [{id: street, import_limit_kw: 7}]
generate: {homes: 3, battery_percent: 100, car_percent: 67, pv_percent: 67, appliance_percent: 67}
faults:
  device_refusal_percent: 2
  lost: [{asset: home-01-battery, from: "11:00", until: "15:00"}]
"""
ROLLING = "operation: {replan_minutes: 180, stale_minutes: 30}\n"


class Stop:
    """Stops when a day is committed, or after so many messages."""

    def __init__(self, messages=None):
        self.left = messages

    def __call__(self, message):
        if self.left is not None:
            self.left -= 1
            return self.left <= 0
        return isinstance(message, Committed) and message.key.startswith(DAY)


class Run:
    """One run's community, world and stores, from which a loop can be built again and again."""

    def __init__(self, path: Path):
        self.scenario = load(path)
        self.community, self.seed = build_community(self.scenario), self.scenario.run.seed
        self.journal = Journal(":memory:")
        self.ledger = LocalLedger(":memory:", demonstration_key(self.seed))

    def loop(self):
        staged = world(self.scenario, self.community, self.seed)
        return build(self.community, self.seed, self.journal, Edges(staged, self.ledger))

    def begun(self):
        loop, first = self.loop(), self.scenario.run.first_day
        opening = CommunityOpened(
            community=self.community, seed=self.seed, first_day=str(first), gridpact="test"
        )
        rules = self.community.market
        gate = day_ahead(rules, self.community.calendar, first).gate
        loop.submit(opening, gate - rules.opens_s)
        return loop


@pytest.fixture(scope="module")
def path_of(tmp_path_factory):
    def made(text):
        path = tmp_path_factory.mktemp("rolling") / "scenario.yaml"
        path.write_text(text)
        return path

    return made


@pytest.fixture(scope="module")
def finished(path_of):
    def made(text):
        run = Run(path_of(text))
        loop = run.begun()
        loop.run(Stop())
        return run, loop.state_hash(), Record(run.journal)

    return made


@pytest.fixture(scope="module")
def rolling(finished):
    return finished(SCENARIO + ROLLING)


@pytest.fixture(scope="module")
def without(finished):
    return finished(SCENARIO)


def test_schedules_are_made_anew_on_the_timer_and_on_events(rolling):
    record = rolling[2]
    kinds = {each.kind for one in record.all(ScheduleRevised) for each in one.causes}
    assert {"timer", "refusal", "silence", "forecast", "prices"} <= kinds
    decided = len(record.all(ScheduleRevised)) + len(record.all(ScheduleKept))
    assert decided == len(record.all(ReplanDue))


def test_the_journal_replays_to_the_same_state(rolling):
    run, state, record = rolling
    assert checks.replayed(run.journal, record) == state.hex()


@pytest.mark.parametrize("messages", [259])
def test_a_killed_run_goes_on_to_the_same_state(rolling, path_of, messages):
    run = Run(path_of(SCENARIO + ROLLING))
    run.begun().run(Stop(messages))
    again = run.loop()
    again.recover()
    again.run(Stop())
    assert again.state_hash() == rolling[1]
    assert run.journal.head == rolling[0].journal.head


def test_what_is_dispatched_is_the_latest_schedule(rolling):
    """Windows are laid over one another here, as they came into force."""
    record = rolling[2]
    kinds = (ScheduleSolved, ScheduleRevised)
    made = sorted((each for kind in kinds for each in record.kept(kind)), key=lambda one: one.seq)
    for issued in record.kept(DispatchIssued):
        told = issued.message
        before = [
            each.message
            for each in made
            if each.seq < issued.seq
            and each.message.window.start <= told.slot < each.message.window.end
        ]
        plan, place = before[-1].plan, before[-1].window.index(told.slot)
        assert told.charge_wh.tolist() == plan.charge_wh[:, place].tolist()
        assert told.discharge_wh.tolist() == plan.discharge_wh[:, place].tolist()


def test_appliances_run_as_often_as_without(rolling, without):
    """Made anew again and again, no schedule begins an appliance twice or forgets it."""
    first, last = (rolling[0].community.calendar.midnight(rolling[0].scenario.run.first_day),) * 2
    last += 86_400
    counts = [
        sum(
            int(each.run_start.sum())
            for each in record.all(DispatchIssued)
            if first <= each.slot < last
        )
        for record in (rolling[2], without[2])
    ]
    assert counts[0] == counts[1] == len(rolling[0].community.runs.ids)


def over_limit(record):
    """Energy above the street's limit, by the meters at its boundary [Wh]."""
    limit = 7000 // 4
    return sum(
        int(np.maximum(each.import_wh - limit, 0).sum()) for each in record.all(BoundaryRead)
    )


def test_limits_and_needs_are_kept_no_worse_than_without(rolling, without):
    assert over_limit(rolling[2]) <= over_limit(without[2])
    unmet = [
        sum(int(m.unmet_wh.sum()) for m in one[2].all(WorldAdvanced)) for one in (rolling, without)
    ]
    assert unmet[0] <= unmet[1]


def test_a_lost_device_tells_nothing(rolling):
    run, _, record = rolling
    row = run.community.storage.ids.index("home-01-battery")
    calendar = run.community.calendar
    begin = calendar.midnight(run.scenario.run.first_day)
    for each in record.all(TelemetryReceived):
        lost = 11 <= (each.slot - begin) / 3600 < 15
        if lost:
            assert not each.reported[row]
            assert (each.charge_wh[row], each.state_wh[row]) == (0, 0)


def test_revisions_follow_the_rules(rolling):
    """What is put in force misses no more than what it replaces, to rounding."""
    record = rolling[2]
    assets = len(rolling[0].community.storage.ids)
    for one in record.all(ScheduleRevised):
        assert one.missed.limits_wh <= one.instead.limits_wh + 4 * assets
        if one.missed.limits_wh >= one.instead.limits_wh:
            assert one.missed.needs_wh <= one.instead.needs_wh + 4 * assets
        assert one.window.end - one.window.start <= 86_400
