"""The whole loop against a day worked by hand: tests/cases/community/three_homes/note.md."""

import json
from pathlib import Path

import numpy as np
import pytest

from gridpact.forecasting.messages import ForecastIssued
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.messages import CommitRequested
from gridpact.market.messages import OrdersPlaced, SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.scheduling.messages import ScheduleSolved, TelemetryReceived
from gridpact.settlement.messages import DaySettled, ImbalancePublished

CASE = Path(__file__).parents[1] / "cases" / "community" / "three_homes"
HOMES = ("home-a", "home-b", "home-c")
BY_HOME = (
    "bought_wh",
    "sold_wh",
    "shared_in_wh",
    "shared_out_wh",
    "supplier_in_wh",
    "supplier_out_wh",
)


@pytest.fixture(scope="module")
def expected():
    return json.loads((CASE / "expected.json").read_text())


@pytest.fixture(scope="module")
def record(run_in_memory):
    return run_in_memory(CASE / "scenario.yaml").record


@pytest.fixture(scope="module")
def day(record):
    return record.all(DaySettled)[0]


def assert_in_the_hours(found, by_home, hours):
    """Compare rows with the hand's, hour by hour, and see that nothing flows in other hours."""
    found = found[:, :24]
    assert {home: found[row, hours].tolist() for row, home in enumerate(HOMES)} == by_home
    assert not np.delete(found, hours, axis=1).any()


def test_forecast_and_plan(record, expected):
    hours = expected["hours"]
    forecast, solved = record.all(ForecastIssued)[0], record.all(ScheduleSolved)[0]
    assert_in_the_hours(forecast.load_wh, expected["forecast_load_wh"], hours)
    assert_in_the_hours(solved.plan.net_wh, expected["planned_net_wh"], hours)
    battery = (solved.plan.charge_wh - solved.plan.discharge_wh)[0, :24]
    assert battery[hours].tolist() == expected["battery_wh"]
    assert solved.plan.state_wh[0, hours].tolist() == expected["battery_state_wh"]
    assert solved.plan.conflicts == ()


def test_orders_and_clearing(record, expected):
    orders, cleared = record.all(OrdersPlaced)[0].orders, record.all(SessionCleared)[0]
    placed = [
        [HOMES[member], slot, side * quantity, limit]
        for member, slot, side, quantity, limit in zip(
            orders.member.tolist(),
            orders.slot.tolist(),
            orders.side.tolist(),
            orders.quantity_wh.tolist(),
            orders.limit_micro_per_kwh.tolist(),
            strict=True,
        )
    ]
    assert placed == expected["orders"]
    prices = [
        int(price) if traded else None
        for price, traded in zip(cleared.price_micro_per_kwh, cleared.traded, strict=True)
    ]
    assert [prices[hour] for hour in expected["hours"]] == expected["price_micro_per_kwh"]
    assert prices.count(None) == 21


def test_the_day_as_it_was(record, expected):
    hours, metered = expected["hours"], record.all(DayMetered)[0]
    assert not metered.estimated.any()
    assert_in_the_hours(metered.withdrawal_wh, expected["withdrawal_wh"], hours)
    assert_in_the_hours(metered.injection_wh, expected["injection_wh"], hours)
    told = [message.state_wh[0] for message in record.all(TelemetryReceived)]
    assert [told[hour] for hour in hours] == expected["battery_state_wh"]


def test_where_every_wh_went_and_at_what_price(record, day, expected):
    hours = expected["hours"]
    for name in BY_HOME:
        assert_in_the_hours(getattr(day, name), expected[name], hours)
    for name in ("shared", "import", "export"):
        column = f"{name}_price_micro_per_kwh"
        assert getattr(day, column)[hours].tolist() == expected[column], name
    spread = record.all(ImbalancePublished)[0].spread_micro_per_kwh
    assert spread[hours].tolist() == expected["spread_micro_per_kwh"]


def test_every_line_of_every_statement(day, expected):
    names = [f"{kind.contract} {kind.kind}" for kind in day.kinds]
    found = {
        name: {
            "wh": day.energy_wh[row].tolist(),
            "nano": day.nano[row].tolist(),
            "ct": day.minor[row].tolist(),
        }
        for row, name in enumerate(names)
    }
    assert found == expected["lines"]
    assert day.operator_nano.tolist() == [expected["passed_on"]["nano"]]
    assert day.operator_minor.tolist() == [expected["passed_on"]["ct"]]
    assert day.supplier_only_nano.tolist() == expected["supplier_only_nano"]


def test_net_positions_on_the_ledger(record, expected):
    entries = [entry for commit in record.all(CommitRequested) for entry in commit.entries]
    settled = [entry for entry in entries if isinstance(entry, NetSettled)]
    assert [dict(entry.positions) for entry in settled] == [expected["net_ct"]]
    assert sum(expected["net_ct"].values()) == 0
