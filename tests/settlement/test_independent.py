"""Statements worked out again from the raw evidence, in fractions, by the rules as documented.

Nothing here uses the platform's settlement, contracts, estimation or rounding. Evidence is what a
journal holds: readings as they came in, cut-offs, prices, trades, schedules and the tariffs.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import Record
from gridpact.kernel.journal import Journal
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.messages import Committed
from gridpact.market.gates import day_ahead
from gridpact.market.messages import PricesPublished, SessionCleared
from gridpact.metering.estimation.linear import filled
from gridpact.metering.messages import DayClosed, DayMetered, ReadingsReceived
from gridpact.registry.messages import CommunityOpened
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.settlement.messages import DaySettled, ImbalancePublished
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.staging import world

# -- the rules, from the documentation --------------------------------------------------------


def half_even(value: Fraction) -> int:
    """Nearest whole number, ties to the even one."""
    below = value.numerator // value.denominator
    rest = value - below
    if rest == Fraction(1, 2):
        return below + below % 2
    return below + (rest > Fraction(1, 2))


def half_away(value: Fraction) -> int:
    """Nearest whole number, ties away from zero."""
    sign = -1 if value < 0 else 1
    return sign * int(abs(value) + Fraction(1, 2))


ROUND = {"half-even": half_even, "half-away": half_away}


def shares(total: int, weights: list[int]) -> list[int]:
    """Hamilton's method: floors first, then one each by remainder, the earlier row first."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    exact = [Fraction(total * weight, whole) for weight in weights]
    parts = [int(part) for part in exact]
    by_rest = sorted(range(len(weights)), key=lambda row: (parts[row] - exact[row], row))
    for row in by_rest[: total - sum(parts)]:
        parts[row] += 1
    return parts


def without_gaps(values: list[int | None]) -> list[int]:
    """linear.v1: straight lines between what was reported, level before and after, else 0."""
    seen = [place for place, value in enumerate(values) if value is not None]
    if not seen:
        return [0] * len(values)
    whole = [values[max(min(place, seen[-1]), seen[0])] for place in range(len(values))]
    for first, last in pairwise(seen):
        for place in range(first + 1, last):
            part = Fraction(place - first, last - first)
            whole[place] = half_even(values[first] + part * (values[last] - values[first]))
    return whole


def indexed(spot: int, ppm: int, markup: int) -> int:
    """A share of the main-market price, rounded, plus what is added to it."""
    return half_even(Fraction(spot * ppm, 1_000_000)) + markup


def shared_energy(rules, members, surplus: list[int], need: list[int]):
    """Energy taken and given by member in one slot, by the community's key."""
    if rules.key == "default-dynamic":
        total = min(sum(surplus), sum(need))
        return shares(total, need), shares(total, surplus)
    parts = members.static_share_ppm.tolist()
    entitled = shares(sum(surplus), [*parts, 1_000_000 - sum(parts)])[:-1]
    taken = [min(own, wanted) for own, wanted in zip(entitled, need, strict=True)]
    return taken, shares(sum(taken), surplus)


# -- the evidence of one day ------------------------------------------------------------------


@dataclass
class Evidence:
    """What the journal says of one local day, slot starts as keys."""

    starts: list[int]
    withdrawal: list[list[int]]
    injection: list[list[int]]
    spot: dict[int, int]
    spread: dict[int, int]
    planned: dict[int, list[int]] = field(default_factory=dict)
    trades: list[SessionCleared] = field(default_factory=list)


def readings(record, day: DayClosed):
    """First sound report per member and slot that came in before the cut-off counts."""
    members = len(record.opening().community.members.ids)
    cutoff = next(kept.seq for kept in record.kept(DayClosed) if kept.message.day == day.day)
    taken = [{} for _ in range(members)]
    for kept in record.kept(ReadingsReceived):
        told = kept.message
        over = told.slot + day.slots.step <= kept.time
        if kept.seq > cutoff or not over or (told.slot - day.slots.start) % day.slots.step:
            continue
        for row in range(members):
            pair = int(told.withdrawal_wh[row]), int(told.injection_wh[row])
            if told.present[row] and min(pair) >= 0:
                taken[row].setdefault(told.slot, pair)
    starts = day.slots.starts().tolist()
    found = [[own.get(start, (None, None)) for start in starts] for own in taken]
    return (
        [without_gaps([pair[0] for pair in row]) for row in found],
        [without_gaps([pair[1] for pair in row]) for row in found],
    )


def evidence(record, day: DayClosed) -> Evidence:
    starts = day.slots.starts().tolist()
    prices = next(m for m in record.all(PricesPublished) if m.day == day.day)
    spread = next(m for m in record.all(ImbalancePublished) if m.day == day.day)
    found = Evidence(
        starts,
        *readings(record, day),
        dict(zip(starts, prices.spot_micro_per_kwh.tolist(), strict=True)),
        dict(zip(starts, spread.spread_micro_per_kwh.tolist(), strict=True)),
    )
    for solved in record.all(ScheduleSolved):  # a later one replaces what an earlier one said
        for place, start in enumerate(solved.window.starts().tolist()):
            found.planned[start] = solved.plan.net_wh[:, place].tolist()
    found.trades = [
        m for m in record.all(SessionCleared) if m.session.day == day.day and m.traded.any()
    ]
    return found


def statements(community, day: Evidence, account):
    """Every line as {(contract, line): [(Wh, nano)] by member}, slot by slot in whole numbers."""
    tariffs, members = community.tariffs, range(len(community.members.ids))
    lines = defaultdict(lambda: [[0, 0] for _ in members])

    def book(contract, line, row, energy, price):
        lines[contract, line][row][0] += energy
        lines[contract, line][row][1] += energy * price

    for place, start in enumerate(day.starts):
        spot = day.spot[start]
        buy = indexed(spot, tariffs.import_spot_ppm, tariffs.import_markup_micro_per_kwh)
        sell = indexed(spot, tariffs.export_spot_ppm, tariffs.export_markup_micro_per_kwh)
        saved = buy + tariffs.network_micro_per_kwh - tariffs.network_local_micro_per_kwh
        part = Fraction(max(saved - sell, 0) * community.sharing.seller_ppm, 1_000_000)
        shared_price = sell + half_even(part)
        net = [day.injection[row][place] - day.withdrawal[row][place] for row in members]
        for cleared in day.trades:
            name = "spot." + cleared.session.id.split(".", 1)[1]
            for line, row, energy, price in account(community, cleared, start):
                book(name, line, row, energy, price)
                net[row] += {"bought": energy, "sold": -energy}.get(line, 0)
        surplus, need = [max(n, 0) for n in net], [max(-n, 0) for n in net]
        taken, given = shared_energy(community.sharing, community.members, surplus, need)
        for row in members:
            drawn = day.withdrawal[row][place]
            supplied = need[row] - taken[row]
            outside = min(supplied, drawn)
            book("sharing", "taken", row, taken[row], shared_price)
            book("sharing", "given", row, given[row], shared_price)
            book("supplier", "import", row, supplied, buy)
            book("supplier", "export", row, surplus[row] - given[row], sell)
            book("network", "outside", row, outside, tariffs.network_micro_per_kwh)
            book("network", "local", row, drawn - outside, tariffs.network_local_micro_per_kwh)
            book("network", "levy", row, drawn, tariffs.levy_micro_per_kwh)
            off = 0
            if start in day.planned:
                off = day.planned[start][row] - drawn + day.injection[row][place]
            book("imbalance", "deviation", row, off, day.spread[start])
    return lines


def assert_settled(record, day: DaySettled, account):
    """Compare a settled day with one worked out from its evidence."""
    community = record.opening().community
    closed = next(m for m in record.all(DayClosed) if m.day == day.day)
    own = evidence(record, closed)
    metered = next(m for m in record.all(DayMetered) if m.day == day.day)
    assert metered.withdrawal_wh.tolist() == own.withdrawal
    assert metered.injection_wh.tolist() == own.injection
    lines = statements(community, own, account)
    assert [(kind.contract, kind.kind) for kind in day.kinds] == list(lines)
    rule, unit = ROUND[community.settlement.rounding], community.settlement.minor_nano
    for row, (name, amounts) in enumerate(lines.items()):
        nano = [amount for _, amount in amounts]
        assert day.energy_wh[row].tolist() == [energy for energy, _ in amounts], name
        assert day.nano[row].tolist() == nano, name
        assert day.minor[row].tolist() == [rule(Fraction(each, unit)) for each in nano], name
    passed_on = sum(nano for _, nano in lines["imbalance", "deviation"])
    assert day.operator_nano.tolist() == [passed_on]
    assert day.operator_minor.tolist() == [rule(Fraction(passed_on, unit))]
    return lines


# -- communities ------------------------------------------------------------------------------

MADE_UP = """
gridpact: 1
community: {slot_minutes: 30, timezone: Europe/Berlin}
run: {from: 2026-06-15, seed: 11}
members:
  - id: bakery
    load: {household_kwh_per_year: 9000}
    static_share_percent: 33.3333
  - id: plant
    role: producer
    static_share_percent: 0
    assets: [{kind: pv, kw_peak: 25}]
  - id: zero
    static_share_percent: 41.7
generate: {homes: 5, prefix: home, pv_percent: 60, battery_percent: 40, appliance_percent: 60}
tariffs: {import_spot_percent: 87.5, export_spot_percent: 93.1, levy_ct_per_kwh: 2.0531}
settlement: {cutoff_minutes: 180, minor_units: MINOR}
faults:
  readings_missing_percent: 4
  readings_late_percent: 6
  late_slots: 9
  device_refusal_percent: 5
  device_drift_percent: 10
"""

MEASURED = """
gridpact: 1
community: {currency: AUD, timezone: Australia/Brisbane, slot_minutes: 30, latitude: -33.4,
            longitude: 151.3}
run: {from: 2013-01-14, seed: 1}
sources:
  homes: {file: homes_sgsc_30min.parquet, time_column: timestamp_aest, timezone: UTC+10}
  spot: {file: price_realtime_aemo_5min.parquet, time_column: interval_end_nem_time_utc+10,
         timezone: UTC+10, stamp: end, unit: AUD/MWh, shift_days: -4382}
prices: {source: spot, column: nsw1_rrp_aud_per_mwh}
market: {lowest_price_ct_per_kwh: -100, highest_price_ct_per_kwh: 2000}
faults: {readings_missing_percent: 3, readings_late_percent: 5, device_drift_percent: 5}
members:
  - {id: a, static_share_percent: 25, load: {source: homes, column: sgsc_10006414},
     assets: [{kind: pv, kw_peak: 4, azimuth_degrees: 0}, {kind: battery}]}
  - {id: b, static_share_percent: 20, load: {source: homes, column: sgsc_10006630}}
  - {id: c, static_share_percent: 15, load: {source: homes, column: sgsc_10006684},
     assets: [{kind: pv, kw_peak: 8, azimuth_degrees: 330}]}
  - {id: d, static_share_percent: 15, load: {source: homes, column: sgsc_10006694}}
  - {id: e, static_share_percent: 12.5, load: {source: homes, column: sgsc_10017472},
     assets: [{kind: pv, kw_peak: 6, azimuth_degrees: 30}]}
  - {id: f, static_share_percent: 12.5, load: {source: homes, column: sgsc_10017478}}
"""
RULES = [(key, rule) for key in ("default-dynamic", "static") for rule in ROUND]


def again(told: ReadingsReceived, **changes) -> ReadingsReceived:
    fields = {name: getattr(told, name) for name in told.__struct_fields__}
    return ReadingsReceived(**{**fields, **changes})


def run(scenario, inputs=()) -> Record:
    """Run one day in memory with messages handed in from outside."""
    community, seed, first = build_community(scenario), scenario.run.seed, scenario.run.first_day
    ledger = LocalLedger(":memory:", demonstration_key(seed))
    journal = Journal(":memory:")
    loop = build(community, seed, journal, Edges(world(scenario, community, seed), ledger))
    gate = day_ahead(community.market, community.calendar, first).gate
    opening = CommunityOpened(community=community, seed=seed, first_day=str(first), gridpact="test")
    loop.submit(opening, gate - community.market.opens_s)
    for message, at in inputs:
        loop.submit(message, at)
    loop.run(lambda message: isinstance(message, Committed) and message.key.startswith("day/"))
    return Record(journal)


@pytest.fixture
def scenario_of(tmp_path):
    def made(text: str, key: str, rule: str, root=None):
        path = tmp_path / "scenario.yaml"
        path.write_text(text)
        return load(path, root, {"sharing.key": key, "settlement.rounding": rule})

    return made


@pytest.mark.parametrize(("key", "rule"), RULES)
def test_a_made_up_community(scenario_of, key, rule, trade_account):
    minor = "10" if rule == "half-away" else "1000"
    record = run(scenario_of(MADE_UP.replace("MINOR", minor), key, rule))
    lines = assert_settled(record, record.all(DaySettled)[0], trade_account)
    used = {name for name, amounts in lines.items() if any(wh for wh, _ in amounts)}
    assert used == set(lines), "every kind of line is used"


MARKETS = {
    "uniform-price": "",
    "pay-as-bid": "",
    "k-pricing": "k_percent: 30, ",
    "continuous": "",
    "preference": "distance_fee_ct_per_kwh: 0.7, ",
    "split by limits": "grid_limits: true, ",
}
ZONES = "zones: [{id: top}, {id: a, parent: top}, {id: b, parent: top%s}]"


@pytest.mark.parametrize("market", MARKETS)
def test_every_market_with_fees(scenario_of, market, trade_account):
    """Prices differ along the way where distance costs or a limit of zone b is reached.

    The limit stands where a market looks at it: to plan below it takes twenty times as long.
    """
    split = market == "split by limits"
    mechanism, limit = ("uniform-price", ", export_limit_kw: 2") if split else (market, "")
    fees = "buyer_fee_ct_per_kwh: 0.21, seller_fee_ct_per_kwh: 0.1"
    keys = f"market: {{mechanism: {mechanism}, {MARKETS[market]}{fees}}}"
    text = MADE_UP.replace("MINOR", "1000").replace("role: producer", "role: producer\n    zone: b")
    scenario = scenario_of(f"{text}{keys}\n{ZONES % limit}\n", "default-dynamic", "half-even")
    record = run(scenario)
    lines = assert_settled(record, record.all(DaySettled)[0], trade_account)
    used = {kind for (name, kind), amounts in lines.items() if any(nano for _, nano in amounts)}
    assert {"bought", "sold", "buyer-fee", "seller-fee"} <= used
    assert ("grid" in used) == (market in ("preference", "split by limits"))


def test_readings_that_came_twice_late_and_otherwise(scenario_of, trade_account):
    scenario = scenario_of(MADE_UP.replace("MINOR", "100"), "default-dynamic", "half-even")
    came = run(scenario).all(ReadingsReceived)
    step = scenario.step_s
    inputs = []
    for place, told in enumerate(came):
        at = told.slot + step * (1 + place % 4)
        everyone = told.present | True
        if place % 3 == 0:  # the same again, also from meters that had been silent
            inputs.append((again(told, present=everyone), at))
        if place % 5 == 0:  # something else, later
            inputs.append((again(told, withdrawal_wh=told.withdrawal_wh + 7), at + 60))
        if place % 7 == 0:  # nonsense, before the meter's own report
            inputs.append((again(told, injection_wh=told.injection_wh - 1000000), told.slot + step))
        if place % 11 == 0:  # before it can have been measured
            inputs.append((again(told), told.slot))
    record = run(scenario, inputs)
    assert len(record.all(ReadingsReceived)) > len(came) + len(inputs) // 2
    assert_settled(record, record.all(DaySettled)[0], trade_account)


@pytest.mark.data
@pytest.mark.parametrize(("key", "rule"), RULES)
def test_measured_australian_homes(scenario_of, data_root, key, rule, trade_account):
    record = run(scenario_of(MEASURED, key, rule, data_root))
    lines = assert_settled(record, record.all(DaySettled)[0], trade_account)
    assert sum(wh for wh, _ in lines["sharing", "taken"]) > 0


@settings(deadline=None, max_examples=300)
@given(st.lists(st.none() | st.integers(0, 9) | st.integers(0, 10**12), min_size=1, max_size=120))
def test_estimation_is_exact_to_the_last_half(values):
    known = np.array([[value is not None for value in values]])
    reported = np.array([[value or 0 for value in values]], dtype=np.int64)
    assert filled(reported, known).tolist() == [without_gaps(values)]


def test_a_half_that_floating_point_misses():
    values = [0, *[None] * 13, 29]  # 14.5 in the middle; 29 / 14 is no binary fraction
    known = np.array([[value is not None for value in values]])
    reported = np.array([[value or 0 for value in values]], dtype=np.int64)
    assert filled(reported, known)[0, 7] == 14
