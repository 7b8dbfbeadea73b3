"""What the page on charging reads from its figures is in them."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "comparison-charging.md"
ROW = re.compile(
    r"^ *(?P<way>\S.*?) {2,}(?P<numbers>[\d,]+\.\d .*?)(?:  [\d,]+ kWh beyond limits)?$"
)
COLUMNS = ("kwh", "share", "short", "peak", "cost", "price", "solves", "cpu", "each")


@pytest.fixture(scope="module")
def tables():
    """Figures by (limit, prices), way of charging, and column."""
    found = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if title := re.match(r"limit (\d+) kW, day-ahead prices of (.*)", line):
            rows = found.setdefault((int(title[1]), title[2]), {})
        elif row := ROW.match(line):
            numbers = [float(one.strip("%").replace(",", "")) for one in row["numbers"].split()]
            rows[row["way"]] = dict(zip(COLUMNS, numbers, strict=True))
    return found


@pytest.fixture(scope="module")
def tight(tables):
    return [rows for (limit, _), rows in tables.items() if limit < 40]


def test_nothing_but_charging_at_once_is_above_a_limit(tables):
    assert len(tables) == 4
    for (limit, _), rows in tables.items():
        assert len(rows) == 9
        for way, row in rows.items():
            assert (row["peak"] <= limit) == (way != "at once, no limit")


def test_with_foresight_both_come_to_the_same_and_nobody_to_more(tables):
    for rows in tables.values():
        ours, theirs = rows["gridpact, foresight"], rows["adacharge, foresight"]
        assert (ours["kwh"], ours["cost"]) == (theirs["kwh"], theirs["cost"])
        kept = [row for way, row in rows.items() if way != "at once, no limit"]
        assert max(row["kwh"] for row in kept) == ours["kwh"]


def test_plans_are_the_same_where_there_is_room_and_close_where_there_is_not(tables, tight):
    room = tables[40, "southern Norway"]
    assert room["gridpact"]["cost"] == room["adacharge"]["cost"]
    assert room["gridpact"]["cost"] < 0.96 * room["at once, no limit"]["cost"]
    assert room["gridpact"]["cost"] < 1.0015 * room["gridpact, foresight"]["cost"]
    for rows in tight:
        assert 0.0001 < 1 - rows["gridpact"]["kwh"] / rows["adacharge"]["kwh"] < 0.00095
        assert rows["gridpact"]["short"] < rows["adacharge"]["short"]


def test_plans_by_price_get_less_to_cars_than_orders_and_expecting_gets_some_of_it_back(tight):
    for rows in tight:
        blind, wary = rows["gridpact"]["kwh"], rows["gridpact, expecting"]["kwh"]
        best, order = rows["gridpact, foresight"]["kwh"], rows["ACN-Sim, least laxity"]
        assert blind < wary < order["kwh"]
        assert (wary - blind) / (best - blind) == pytest.approx(0.6, abs=0.02)
        assert 1 - rows["gridpact, soon"]["kwh"] / order["kwh"] < 0.002


def test_time_is_a_fraction_of_the_peers(tables, tight):
    for rows in tables.values():
        assert 5 < rows["adacharge"]["cpu"] / rows["gridpact"]["cpu"] < 12
    for rows in tight:
        assert 1.6 < rows["gridpact, expecting"]["cpu"] / rows["gridpact"]["cpu"] < 4
