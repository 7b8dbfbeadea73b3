"""A small run made by hand: four homes over the night the clocks change, with gaps and faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pytest

from gridpact.app.record import Record
from gridpact.app.report import RunFacts
from gridpact.base.rounding import half_even
from gridpact.base.slots import Calendar, Slots
from gridpact.forecasting.messages import ForecastIssued
from gridpact.kernel.codec import encode, tag_of
from gridpact.kernel.journal import Journal, Origin, Row
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.messages import CommitRequested, Committed
from gridpact.ledger.port import Receipt
from gridpact.market.messages import PricesPublished, Session, SessionCleared, SessionOpened
from gridpact.metering.messages import (
    BoundaryRead,
    DayMetered,
    ReadingsReceived,
    ReadingsRefused,
)
from gridpact.registry import model
from gridpact.registry.messages import CommunityOpened
from gridpact.scheduling.messages import ScheduleSolved, TelemetryReceived
from gridpact.scheduling.problem import Conflict, Plan
from gridpact.settlement.messages import DaySettled, LineKind
from gridpact.supervision.messages import LimitExceeded

UNIT = 10_000_000  # one cent


def ints(*values):
    return np.array(values, np.int64)


def community(members=4):
    rows = np.arange(members)
    name = [f"home-{row + 1:02}" for row in rows]
    return model.Community(
        name="Meadow Lane",
        currency="EUR",
        timezone="Europe/Berlin",
        step_s=900,
        parties=model.Parties("coop", "powerco", "gridco", "treasury", "watchdog"),
        zones=model.Zones(("street", "feeder-1"), ints(-1, 0), ints(30000, 4000), ints(-1, 9000)),
        members=model.Members(
            tuple(name),
            tuple(f"mp-{each}" for each in name),
            tuple("prosumer" if row % 2 == 0 else "consumer" for row in rows),
            np.where(rows < 2, 1, 0),
            np.zeros(members, np.int64),
            np.zeros(members, np.int64),
            np.full(members, 1_000_000 // members),
        ),
        pv=model.Pv(("pv-01", "pv-03"), ints(0, 2), ints(5000, 8000)),
        storage=model.Storage(
            ("battery-01", "car-01", "battery-03"),
            ("battery", "car", "battery"),
            ints(0, 0, 2),
            ints(4000, 7000, 4000),
            ints(4000, 0, 4000),
            ints(8000, 40000, 8000),
            np.full(3, 0.95),
            np.full(3, 0.95),
            np.ones(3),
        ),
        runs=model.Runs(("washer-02",), ints(1), ints(2000), ints(3600), ints(28800), ints(72000)),
        tariffs=model.Tariffs(0, 300_000, 0, 80_000, 90_000, 40_000, 20_000),
        market=model.MarketRules(43200, (), 3600, -500_000, 4_000_000),
        sharing=model.SharingRules("default-dynamic", 500_000),
        settlement=model.SettlementRules(7200, "half-even", UNIT),
    )


KINDS = (
    LineKind("spot.day-ahead", "bought", "member", "coop"),
    LineKind("spot.day-ahead", "sold", "coop", "member"),
    LineKind("sharing", "taken", "member", "coop"),
    LineKind("sharing", "given", "coop", "member"),
    LineKind("supplier", "import", "member", "powerco"),
    LineKind("supplier", "export", "powerco", "member"),
    LineKind("network", "outside", "member", "gridco"),
    LineKind("network", "local", "member", "gridco"),
    LineKind("network", "levy", "member", "treasury"),
    LineKind("imbalance", "deviation", "coop", "member"),
)
OWN = (LineKind("imbalance", "passed-on", "powerco", "coop"),)


def greedy(total, limits):
    """Hand a total [slots] to rows [members, slots] in order, each up to its limit."""
    given, left = np.zeros_like(limits), total.copy()
    for row, limit in enumerate(limits):
        given[row] = np.minimum(limit, left)
        left -= given[row]
    return given


def settled(day, slots, withdrawal, injection, trade, random):
    """Settle a day at flat prices; ``trade`` [slots] goes from the first member to the second."""
    bought, sold = np.zeros((2, *withdrawal.shape), np.int64)
    sold[0], bought[1] = trade, trade
    net = injection - withdrawal + bought - sold
    surplus, need = np.maximum(net, 0), np.maximum(-net, 0)
    common = np.minimum(surplus.sum(axis=0), need.sum(axis=0))
    taken, given = greedy(common, need), greedy(common, surplus)
    outside = np.minimum(need - taken, withdrawal)
    deviation = random.integers(-500, 500, withdrawal.shape)
    spread = random.integers(-200_000, 200_000, slots.count)
    flows = (
        (bought, 150_001),
        (sold, 150_001),
        (taken, 190_003),
        (given, 190_003),
        (need - taken, 300_000),
        (surplus - given, 80_000),
        (outside, 90_000),
        (withdrawal - outside, 40_000),
        (withdrawal, 20_000),
        (deviation, spread),
    )
    nano = np.stack([(energy * price).sum(axis=1) for energy, price in flows])
    own = nano[-1].sum(keepdims=True)
    flat = np.ones(slots.count, np.int64)
    return DaySettled(
        day=day,
        slots=slots,
        kinds=KINDS,
        nano=nano,
        minor=half_even(nano, UNIT),
        energy_wh=np.stack([energy.sum(axis=1) for energy, _ in flows]),
        operator_kinds=OWN,
        operator_nano=own,
        operator_minor=half_even(own, UNIT),
        bought_wh=bought,
        sold_wh=sold,
        shared_in_wh=taken,
        shared_out_wh=given,
        supplier_in_wh=need - taken,
        supplier_out_wh=surplus - given,
        shared_price_micro_per_kwh=190_003 * flat,
        import_price_micro_per_kwh=300_000 * flat,
        export_price_micro_per_kwh=80_000 * flat,
        supplier_only_nano=(withdrawal * 410_000 - injection * 80_000).sum(axis=1),
    )


def net_positions(who, day):
    """Net minor units by participant, worked out line by line."""
    net = {}
    for kind, row in zip(day.kinds, day.minor.tolist(), strict=True):
        for member, amount in zip(who.members.ids, row, strict=True):
            payer = member if kind.payer == "member" else kind.payer
            payee = member if kind.payee == "member" else kind.payee
            net[payer] = net.get(payer, 0) - amount
            net[payee] = net.get(payee, 0) + amount
    for kind, amount in zip(day.operator_kinds, day.operator_minor.tolist(), strict=True):
        net[kind.payer] = net.get(kind.payer, 0) - amount
        net[kind.payee] = net.get(kind.payee, 0) + amount
    return net


@dataclass
class Holes:
    """Places of slots, counted from the first, in which something is missing."""

    telemetry: tuple[int, ...] = ()
    boundary: tuple[int, ...] = ()
    plan: tuple[int, ...] = ()


@dataclass
class Made:
    """A record and the messages it was made from, in order with their times."""

    community: model.Community
    messages: list = field(default_factory=list)

    def add(self, time, message):
        self.messages.append((time, message))

    def all(self, kind):
        return [message for _, message in self.messages if isinstance(message, kind)]

    def record(self):
        journal = Journal(":memory:")
        rows = [
            Row(seq, time, Origin.INPUT, -1, 0, tag_of(message), encode(message))
            for seq, (time, message) in enumerate(self.messages)
        ]
        journal.append(rows)
        record = Record(journal)
        journal.close()
        return record


def forecast(session, horizon, random, members):
    load = random.integers(50, 400, (members, horizon.count))
    pv = random.integers(0, 900, (2, horizon.count))
    return ForecastIssued(
        session=session,
        window=horizon,
        load_wh=load,
        pv_wh=pv,
        levels=(100, 500, 900),
        load_quantiles_wh=np.stack([load // 2, load, load * 2]),
        pv_quantiles_wh=np.stack([pv // 3, pv, pv * 2]),
    )


def schedule(session, window, horizon, random, members):
    shape = (3, horizon.count)
    plan = Plan(
        net_wh=random.integers(-900, 900, (members, horizon.count)),
        curtail_wh=np.zeros((members, horizon.count), np.int64),
        charge_wh=random.integers(0, 500, shape),
        discharge_wh=random.integers(0, 500, shape),
        state_wh=random.integers(0, 8000, shape),
        run_start=ints(10),
        cost_nano=np.zeros(members, np.int64),
        zone_price=np.zeros((2, horizon.count), np.int64),
        conflicts=(Conflict("need", 1, 5, 1234), Conflict("zone-import", 1, horizon.count - 1, 7)),
    )
    return ScheduleSolved(session=session, window=window, horizon=horizon, plan=plan)


def before(made, day, slots, random, members, unplanned):
    """What happens on the day before: prices, forecast, schedule, trades."""
    gate = slots.start - 12 * 3600
    window = Slots(slots.start, 900, slots.count - unplanned)
    horizon = Slots(window.start, 900, window.count + 48)
    session = Session(f"{day}.day-ahead", "day-ahead", day, gate, window, horizon)
    spot = random.integers(20_000, 120_000, slots.count)
    trade = random.integers(0, 200, window.count)
    bought, sold = np.zeros((2, members, window.count), np.int64)
    bought[1], sold[0] = trade, trade
    made.add(gate - 900, SessionOpened(session=session))
    made.add(gate - 900, PricesPublished(day=day, slots=slots, spot_micro_per_kwh=spot))
    made.add(gate - 900, forecast(session.id, horizon, random, members))
    made.add(gate - 900, schedule(session.id, window, horizon, random, members))
    made.add(
        gate,
        SessionCleared(
            session=session,
            price_micro_per_kwh=np.full(window.count, 150_001),
            traded=trade > 0,
            bought_wh=bought,
            sold_wh=sold,
            offered_wh=trade + 10,
            asked_wh=trade + 20,
            orders=2 * window.count,
        ),
    )
    return np.concatenate([trade, np.zeros(unplanned, np.int64)])


def lived(made, slots, first, random, members, holes):
    """The day itself, slot by slot; returns both registers and what was measured."""
    withdrawal = random.integers(0, 700, (members, slots.count))
    injection = np.zeros_like(withdrawal)
    injection[[0, 2]] = random.integers(0, 900, (2, slots.count))
    known = np.ones(withdrawal.shape, np.bool_)
    known[1, 40:44] = False
    for place, slot in enumerate(slots.starts().tolist()):
        at, end = first + place, slot + 900
        if at not in holes.telemetry:
            telemetry = TelemetryReceived(
                slot=slot,
                step=900,
                charge_wh=random.integers(0, 500, 3),
                discharge_wh=random.integers(0, 300, 3),
                state_wh=random.integers(0, 8000, 3),
                pv_wh=injection[[0, 2], place] + random.integers(0, 300, 2),
                run_wh=ints(500 if 30 <= place < 34 else 0),
                refused=ints(0, 0, place % 50 == 7).astype(np.bool_),
            )
            made.add(end, telemetry)
        if at not in holes.boundary:
            flow = injection[:, place] - withdrawal[:, place]
            zone = np.stack([flow.sum(), flow[:2].sum()])
            read = BoundaryRead(
                slot=slot, import_wh=np.maximum(-zone, 0), export_wh=np.maximum(zone, 0)
            )
            made.add(end, read)
        send(made, slot, end, withdrawal[:, place], injection[:, place], known[:, place])
    return withdrawal, injection, known


def send(made, slot, end, withdrawal, injection, known):
    """Meters report: the last one of every tenth slot an hour late, and once twice."""
    late = np.zeros(known.size, np.bool_)
    late[-1] = slot // 900 % 10 == 3
    parts = [(end, known & ~late)] + [(end + 3600, known & late)] * int(late.any())
    for time, present in parts:
        received = ReadingsReceived(
            slot=slot, withdrawal_wh=withdrawal, injection_wh=injection, present=present
        )
        made.add(time, received)
        if time == end and slot // 900 % 40 == 5:
            made.add(time, received)
            rows = np.flatnonzero(present)
            reasons = ("duplicate",) * rows.size
            made.add(time, ReadingsRefused(slot=slot, rows=rows, reasons=reasons))


def commit(made, time, height, key, entries):
    made.add(time, CommitRequested(key=key, at=time, entries=entries))
    receipt = Receipt(height, 3 * height, len(entries), bytes([height]) * 32, bytes(32))
    made.add(time, Committed(key=key, receipt=receipt))


def make(days=2, members=4, first_day="2026-03-28", holes=None, unplanned=0, settle=True):
    """Make a run of whole days by hand."""
    who, random, holes = community(members), np.random.default_rng(7), holes or Holes()
    made, calendar = Made(who), Calendar(who.timezone, who.step_s)
    start = date.fromisoformat(first_day)
    opened = CommunityOpened(community=who, seed=7, first_day=first_day, gridpact="0.1.0")
    made.add(calendar.midnight(start) - 50_000, opened)
    at = 0
    for number in range(days):
        day = str(start + timedelta(days=number))
        slots = calendar.day(date.fromisoformat(day))
        trade = before(made, day, slots, random, members, unplanned)
        withdrawal, injection, known = lived(made, slots, at, random, members, holes)
        alarm = slots.start + 20 * 900
        made.add(
            alarm + 900,
            LimitExceeded(slot=alarm, zones=ints(1), energy_wh=ints(1100), limit_wh=ints(1000)),
        )
        end, at = slots.end + 7200, at + slots.count
        metered = DayMetered(
            day=day,
            slots=slots,
            withdrawal_wh=withdrawal,
            injection_wh=injection,
            estimated=~known,
            method="linear.v1",
        )
        made.add(end, metered)
        if not settle:
            continue
        done = settled(day, slots, withdrawal, injection, trade, random)
        made.add(end, done)
        positions = tuple(sorted(net_positions(who, done).items()))
        commit(made, end, number + 1, f"day/{day}", (NetSettled(day, "EUR", positions),))
    return made


@pytest.fixture(scope="session")
def make_run():
    """Make a run by hand; see :func:`make`."""
    return make


@pytest.fixture(scope="session")
def holes():
    """Say in which slots something is missing."""
    return Holes


@pytest.fixture(scope="session")
def positions():
    """Net positions of a settled day, worked out line by line."""
    return net_positions


@pytest.fixture(scope="session")
def run():
    """Two days, the second of 23 hours, with a gap in telemetry and one in boundary readings."""
    return make(holes=Holes(telemetry=(50, 51), boundary=(60,)))


@pytest.fixture(scope="session")
def facts():
    return RunFacts(
        scenario="examples/meadow.yaml",
        command="gridpact run examples/meadow.yaml --seed 7 --out meadow",
        verify="gridpact verify meadow",
        seed=7,
        version="0.1.0",
        state_hash="ab" * 32,
        journal_head="cd" * 32,
        ledger_height=2,
        ledger_root="ef" * 32,
        ledger_key="12" * 32,
        timings=(("scheduling", 1.25, 4), ("forecasting", 0.5, 2)),
        warnings=("Weather is made up.",),
    )
