"""Laws that hold in every community: energy, money, evidence, devices, orders, replay."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.app import checks
from gridpact.base.slots import Slots
from gridpact.ledger.kinds.money import NetSettled
from gridpact.market.messages import OrdersPlaced, OrdersRefused, SessionCleared
from gridpact.metering.messages import (
    BoundaryRead,
    DayClosed,
    DayMetered,
    ReadingsReceived,
    ReadingsRefused,
)
from gridpact.scheduling.messages import DispatchIssued, ScheduleSolved, TelemetryReceived
from gridpact.settlement.messages import DaySettled
from gridpact.simulation.messages import WorldAdvanced

ROOM = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def energy_flows(record):
    """Accounting side per slot, and against the boundary wherever every meter was read."""
    community = record.opening().community
    boundary = {m.slot: m for m in record.all(BoundaryRead)}
    tops = community.zones.parent < 0
    for metered, day in zip(record.all(DayMetered), record.all(DaySettled), strict=True):
        made = metered.injection_wh + day.bought_wh + day.shared_in_wh + day.supplier_in_wh
        used = metered.withdrawal_wh + day.sold_wh + day.shared_out_wh + day.supplier_out_wh
        assert np.array_equal(made, used), "each member's books close in each slot"
        assert np.array_equal(day.bought_wh.sum(0), day.sold_wh.sum(0))
        assert np.array_equal(day.shared_in_wh.sum(0), day.shared_out_wh.sum(0))
        assert min(a.min() for a in (day.shared_in_wh, day.shared_out_wh)) >= 0
        assert min(a.min() for a in (day.supplier_in_wh, day.supplier_out_wh)) >= 0
        outside = (day.supplier_in_wh - day.supplier_out_wh).sum(0)
        net = metered.withdrawal_wh - metered.injection_wh
        for place, start in enumerate(day.slots.starts().tolist()):
            read = boundary[start]
            assert not np.any((read.import_wh > 0) & (read.export_wh > 0))
            if not metered.estimated[:, place].any():
                flow = read.import_wh - read.export_wh
                assert outside[place] == flow[tops].sum()
                assert np.array_equal(flow, within(community) @ net[:, place])


def within(community):
    """1 where a member hangs below a zone, worked out from the member up [zones, members]."""
    found = np.zeros((len(community.zones.ids), len(community.members.ids)), np.int64)
    for member, own in enumerate(community.members.zone.tolist()):
        zone = own
        while zone >= 0:
            found[zone, member] = 1
            zone = int(community.zones.parent[zone])
    return found


def money_flows(record, ledger):
    """What is paid is received: by line, by party, in nano and in rounded units, on the ledger."""
    settled = [e for e in ledger.entries() if isinstance(e, NetSettled)]
    for day, entry in zip(record.all(DaySettled), settled, strict=True):
        members = record.opening().community.members.ids
        nano, minor = defaultdict(int), defaultdict(int)
        for kinds, exact, rounded in (
            (day.kinds, day.nano, day.minor),
            (day.operator_kinds, day.operator_nano[:, None], day.operator_minor[:, None]),
        ):
            for row, kind in enumerate(kinds):
                for place in range(exact.shape[1]):
                    for total, amount in ((nano, exact), (minor, rounded)):
                        for party, sign in ((kind.payer, -1), (kind.payee, 1)):
                            name = members[place] if party == "member" else party
                            total[name] += sign * int(amount[row, place])
        assert sum(nano.values()) == 0
        assert sum(minor.values()) == 0
        assert nano["operator"] == 0, "the operator is between buyers and sellers, not one of them"
        assert dict(entry.positions) == {**dict.fromkeys(dict(entry.positions), 0), **minor}
        assert sum(amount for _, amount in entry.positions) == 0
        between_members(day)


def between_members(day):
    """Trades and sharing move money between members alone, exactly."""
    rows = {(kind.contract, kind.kind): row for row, kind in enumerate(day.kinds)}
    for (contract, kind), row in rows.items():
        other = {"bought": "sold", "taken": "given"}.get(kind)
        if other:
            assert day.nano[row].sum() == day.nano[rows[contract, other]].sum()
            assert day.energy_wh[row].sum() == day.energy_wh[rows[contract, other]].sum()


def evidence(record):
    """A reading in force was reported in time; all else carries the mark of an estimate."""
    members = len(record.opening().community.members.ids)
    taken, refused = defaultdict(dict), Counter()
    for kept in record.kept(ReadingsReceived):
        for row in np.flatnonzero(kept.message.present).tolist():
            pair = int(kept.message.withdrawal_wh[row]), int(kept.message.injection_wh[row])
            taken[row, kept.message.slot].setdefault(pair, kept.seq)
    for message in record.all(ReadingsRefused):
        refused.update(message.reasons)
    assert set(refused) <= {"too-late", "unknown-slot"}
    for closed, day in zip(record.kept(DayClosed), record.all(DayMetered), strict=True):
        assert min(day.withdrawal_wh.min(), day.injection_wh.min()) >= 0
        for row in range(members):
            for place, start in enumerate(day.slots.starts().tolist()):
                pair = int(day.withdrawal_wh[row, place]), int(day.injection_wh[row, place])
                in_time = {p: s for p, s in taken[row, start].items() if s < closed.seq}
                assert bool(in_time) != bool(day.estimated[row, place])
                assert not in_time or pair in in_time
    assert len(record.all(DayMetered)) == len(record.all(DaySettled))


def storage_obeys_physics(record):
    """Nothing is stored that was not put in, nothing beyond power and capacity."""
    storage = record.opening().community.storage
    battery = np.array([kind == "battery" for kind in storage.kind], bool)
    before = storage.opening_wh
    for told, lived in zip(record.all(TelemetryReceived), record.all(WorldAdvanced), strict=True):
        hours = told.step / 3600
        assert np.array_equal(told.state_wh, lived.state_wh)
        assert np.all((told.state_wh >= 0) & (told.state_wh <= storage.capacity_wh))
        assert np.all((told.charge_wh >= 0) & (told.charge_wh <= storage.charge_w * hours))
        assert np.all((told.discharge_wh >= 0) & (told.discharge_wh <= storage.discharge_w * hours))
        assert not np.any((told.charge_wh > 0) & (told.discharge_wh > 0))
        there = before * storage.kept_per_hour**hours + told.charge_wh * storage.efficiency_in
        there = there - told.discharge_wh / storage.efficiency_out
        assert np.all(told.state_wh <= there + 1e-6), "energy out of nowhere"
        assert np.all(told.state_wh > there - 1 - 1e-6, where=battery), "a battery only rounds"
        before = told.state_wh


def appliances_run_once(record):
    """One whole, unbroken run a local day at most, inside its window, at its own power."""
    community = record.opening().community
    runs, calendar = community.runs, community.calendar
    on = defaultdict(list)
    for told in record.all(TelemetryReceived):
        power = runs.power_w * told.step // 3600
        assert np.all((told.run_wh == 0) | (told.run_wh == power))
        for row in np.flatnonzero(told.run_wh).tolist():
            on[row, calendar.date_of(told.slot)].append(told.slot)
    for (row, _), slots in on.items():
        length = -(-int(runs.duration_s[row]) // community.step_s)
        assert len(slots) <= length, "runs twice in a day"
        assert slots[-1] - slots[0] == (len(slots) - 1) * community.step_s, "a broken run"
        first, last = (
            int(calendar.seconds_of_day(Slots(slot, community.step_s, 1))[0])
            for slot in (slots[0], slots[-1])
        )
        assert first >= runs.earliest_s[row], "begins before its window"
        assert last + community.step_s <= runs.latest_s[row], "ends after its window"


def orders_within_limits(record):
    """Agents' orders are sound, and nobody trades beyond its order or worse than its limit."""
    community = record.opening().community
    rules = community.market
    placed = {message.session: message.orders for message in record.all(OrdersPlaced)}
    assert not record.all(OrdersRefused)
    for cleared in record.all(SessionCleared):
        orders = placed.get(cleared.session.id)
        if orders is None:
            assert not cleared.traded.any()
            continue
        limits = orders.limit_micro_per_kwh
        assert np.all(
            (limits >= rules.lowest_micro_per_kwh) & (limits <= rules.highest_micro_per_kwh)
        )
        assert np.all(orders.quantity_wh > 0)
        for side, traded, sign in ((1, cleared.bought_wh, 1), (-1, cleared.sold_wh, -1)):
            rows = orders.side == side
            most, worst = np.zeros_like(traded), np.zeros_like(traded)
            most[orders.member[rows], orders.slot[rows]] = orders.quantity_wh[rows]
            worst[orders.member[rows], orders.slot[rows]] = limits[rows]
            assert np.all((traded >= 0) & (traded <= most))
            price = cleared.price_micro_per_kwh
            assert np.all(sign * (worst - price) >= 0, where=traded > 0)
        assert np.array_equal(cleared.bought_wh.sum(0) > 0, cleared.traded)


def trades_serve_plans(record):
    """A session's trades take a position towards its plan, and never beyond it."""
    plans = {message.session: message for message in record.all(ScheduleSolved)}
    positions = defaultdict(int)
    for cleared in record.all(SessionCleared):
        traded = cleared.bought_wh - cleared.sold_wh
        for row, place in np.argwhere(traded).tolist():
            slot = cleared.session.window.start + place * cleared.session.window.step
            moved = int(traded[row, place])
            wanted = int(plans[cleared.session.id].plan.net_wh[row, place]) - positions[row, slot]
            assert 0 < moved * (1 if wanted > 0 else -1) <= abs(wanted), "more than was planned"
            positions[row, slot] += moved


def a_dispatch_for_every_slot(record):
    """Slots follow each other without a gap, each dispatched once."""
    slots = [message.slot for message in record.all(DispatchIssued)]
    assert set(np.diff(slots).tolist()) <= {record.opening().community.step_s}
    solved = record.all(ScheduleSolved)
    assert solved
    assert not any(message.autonomous for message in record.all(DispatchIssued)[:-1])


def assert_laws(ran):
    record = ran.record
    energy_flows(record)
    money_flows(record, ran.ledger)
    evidence(record)
    storage_obeys_physics(record)
    appliances_run_once(record)
    orders_within_limits(record)
    trades_serve_plans(record)
    a_dispatch_for_every_slot(record)
    for check in (checks.energy, checks.boundary, checks.money, checks.roots):
        check(record)
    checks.commitments(record, ran.ledger)
    ran.ledger.verify()
    assert checks.replayed(ran.journal, record) == ran.loop.state_hash().hex()


def test_sessions_that_are_open_together_do_not_trade_twice(write, run_in_memory):
    gates = ["05:00", "05:05", "05:20", "12:00", "12:15"]
    document = {
        "gridpact": 1,
        "generate": {"homes": 5, "pv_percent": 80, "battery_percent": 60},
        "community": {"slot_minutes": 30},
        "run": {"seed": 4},
        "market": {"intraday_gates": gates},
        "faults": {"device_drift_percent": 20},
    }
    trades_serve_plans(run_in_memory(write(document)).record)


@settings(max_examples=20, **ROOM)
@given(data=st.data())
def test_laws_hold_in_any_community(data, scenarios_of, write, run_in_memory):
    assert_laws(run_in_memory(write(data.draw(scenarios_of()))))


@pytest.mark.slow
@settings(max_examples=150, **ROOM)
@given(data=st.data())
def test_laws_hold_in_many_communities(data, scenarios_of, write, run_in_memory):
    assert_laws(run_in_memory(write(data.draw(scenarios_of(days=2))), days=2))
