"""A street of three homes under rolling operation, driven message by message without a world."""

from datetime import date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from gridpact.forecasting.messages import ForecastDue, ForecastIssued
from gridpact.kernel.messages import Later
from gridpact.market.gates import day_ahead
from gridpact.market.messages import PricesPublished
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import CAUSES, OperationRules, Zones
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import (
    NeedsRequested,
    NeedsStated,
    PlanDue,
    ReplanDue,
    SlotNearing,
    SlotStarted,
    StateNeed,
    TelemetryReceived,
)
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.standing.places import Places

ZONE = ZoneInfo("Europe/Berlin")
DAY = date(2026, 6, 15)
STEP = 900
AWAY_UNTIL = 10
"""The car is away until ten o'clock, as its owner says."""


def at(hour, minute=0, second=0):
    return int(datetime(2026, 6, 15, hour, minute, second, tzinfo=ZONE).timestamp())


@pytest.fixture(scope="session")
def clock():
    return at


def rules(replan_s=0, replan_on=CAUSES, solve_s=30, stale_s=1800):
    return OperationRules(replan_s, tuple(replan_on), solve_s, stale_s)


@pytest.fixture(scope="session")
def rules_of():
    return rules


@pytest.fixture(scope="session")
def community_of(small_community):
    """A battery and a car at one home, a battery at another, a washer at the third."""

    def made(operation, limit_w=-1):
        found = small_community(
            3,
            zones=((-1, limit_w, -1),),
            storage=[
                ("battery", 0, 4000, 4000, 8000, 1, 1, 1),
                ("car", 0, 8000, 0, 40_000, 1, 1, 1),
                ("battery", 1, 2000, 2000, 4000, 0.9, 0.9, 0.999),
            ],
            runs=[(2, 2000, 3600, 8 * 3600, 20 * 3600)],
        )
        return msgspec.structs.replace(
            found,
            operation=operation,
            zones=Zones(("street",), *msgspec.structs.astuple(found.zones)[1:]),
        )

    return made


class Driven:
    """A room and its state; requests are answered as a world of fixed habits would."""

    def __init__(self, community, seconds=None):
        self.community = community
        self.room = Scheduling(community, seconds).room()
        self.state, self.timers, self.plans, self.issued = self.room.state, [], [], None
        self.need_wh, self.load_wh, self.prices = 0, 100, True

    def open(self):
        """Open the community, publish prices and put the day-ahead plan in force."""
        session = day_ahead(self.community.market, self.community.calendar, DAY)
        self.tell(
            CommunityOpened(community=self.community, seed=1, first_day=str(DAY), gridpact="")
        )
        if self.prices:
            self.publish(session)
        needs = self.needs(session.id, session.horizon)
        for message in (needs, self.forecast(session.id, session.horizon)):
            self.tell(message, session.gate)
        due = PlanDue(session=session.id, window=session.window, horizon=session.horizon)
        self.tell(*self.room.effects[PlanDue](self.state, due), session.gate)
        return self

    def publish(self, session, now=0):
        spot = np.linspace(200_000, 100_000, session.window.count).astype(np.int64)
        day = PricesPublished(day=session.day, slots=session.window, spot_micro_per_kwh=spot)
        self.tell(day, now)

    def tell(self, message, now=0):
        """Hand a message to the room; what it sends is answered, timers are noted."""
        self.state, outs = self.room.handlers[type(message)](self.state, message, now)
        for out in outs:
            match out:
                case Later():
                    self.timers.append(out)
                case NeedsRequested():
                    self.tell(self.needs(out.session, out.window), now)
                case ForecastDue():
                    self.tell(self.forecast(out.session, out.window), now)
                case ReplanDue():
                    (answer,) = self.room.effects[ReplanDue](self.state, out)
                    self.plans.append(answer)
                    self.tell(answer, now)
                case _:
                    self.issued = out
        return outs

    def nearing(self, slot):
        """Let a slot near; returns what became of the schedule, None where nothing was due.

        Unless something else was told, devices have done as planned until the slot before it.
        """
        before, lately = len(self.plans), slot - 2 * STEP
        if self.state.plans and self.state.state_at <= lately >= at(0):
            self.heard(lately)
        self.tell(SlotNearing(slot=slot, step=STEP), slot - self.community.operation.solve_s)
        assert len(self.plans) - before <= 1
        return self.plans[-1] if len(self.plans) > before else None

    def dispatched(self, slot):
        """Return the set-points of a slot."""
        (issued, _) = self.room.handlers[SlotStarted](
            self.state, SlotStarted(slot=slot, step=STEP), slot
        )[1]
        return issued

    def heard(self, slot, *, state=None, refused=(), silent=(), there=None):
        """Tell what devices report of a slot: as planned unless said otherwise."""
        issued = self.dispatched(slot)
        planned = self.state.plans[-1].plan.state_wh
        place = self.state.plans[-1].window.index(slot)
        rows = np.arange(3)
        away = at(0) <= slot < at(AWAY_UNTIL)
        self.tell(
            TelemetryReceived(
                slot=slot,
                step=STEP,
                charge_wh=issued.charge_wh,
                discharge_wh=issued.discharge_wh,
                state_wh=planned[:, place] if state is None else np.array(state),
                pv_wh=np.zeros(0, np.int64),
                run_wh=np.zeros(1, np.int64),
                refused=np.isin(rows, refused),
                reported=~np.isin(rows, silent),
                there=np.array([True, not away, True] if there is None else there),
            ),
            slot + STEP,
        )

    def say(self, words, owner="m000", now=None):
        """State a need in words."""
        now = at(6) if now is None else now
        directory = Places(self.community).directory
        need = parse(words, Context(owner, now, ZONE.key, directory))
        self.tell(StateNeed(by=owner, need=need), now)
        return self.issued

    def needs(self, session, window):
        storage, shape = self.community.storage, (3, window.count)
        there = np.ones(shape, np.bool_)
        hours = (window.starts() - at(0)) // 3600
        there[1, (hours >= 0) & (hours < AWAY_UNTIL)] = False
        lo = np.zeros(shape, np.int64)
        lo[1, hours == 20] = self.need_wh
        begin, end = ((at(hour) - window.start) // STEP for hour in (8, 19))
        return NeedsStated(
            session=session,
            window=window,
            charge_max_wh=np.where(there, storage.charge_w[:, None] // 4, 0),
            discharge_max_wh=np.where(there, storage.discharge_w[:, None] // 4, 0),
            lo_wh=lo,
            hi_wh=np.broadcast_to(storage.capacity_wh[:, None], shape).copy(),
            draw_wh=np.zeros(shape, np.int64),
            run_earliest=np.array([max(begin, 0)]),
            run_latest=np.array([end]),
        )

    def forecast(self, session, window):
        none = np.zeros((0, 0, window.count), np.int64)
        return ForecastIssued(
            session=session,
            window=window,
            load_wh=np.full((3, window.count), self.load_wh),
            pv_wh=np.zeros((0, window.count), np.int64),
            levels=(),
            load_quantiles_wh=none,
            pv_quantiles_wh=none,
        )


@pytest.fixture(scope="session")
def driven(community_of):
    """Open a day; keywords are of the rules, and ``limit_w`` of the street."""

    def made(seconds=None, limit_w=-1, need_wh=0, **operation):
        day = Driven(community_of(rules(**operation), limit_w), seconds)
        day.need_wh = need_wh
        return day.open()

    return made


@pytest.fixture(scope="session")
def bare():
    return SimpleNamespace(day=Driven, step=STEP)
