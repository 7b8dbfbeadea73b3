"""Readings of a store, corrected later: allocations as known at an instant."""

import csv
import hashlib
import json
from datetime import date

import numpy as np
import pytest

from gridpact.base.slots import Calendar
from gridpact.metering.readings import Channel, Intervals, Quality, Readings, no_displays
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

RULES = """gridpact: sharing/1
timezone: Europe/Paris
key: default-dynamic
members:
  - {point: bakery, role: consumer}
  - {point: park, role: producer}
"""
DAY = Calendar("Europe/Paris", 900).day(date(2026, 6, 15))
BAKERY, PARK = Channel("bakery"), Channel("park", "injection")


def told(name, values, quality=Quality.MEASURED):
    """Readings of some channels, the same in every slot of the day."""
    channels = tuple(sorted(values))
    wh = np.repeat(np.array([[values[each]] for each in channels], np.int64), DAY.count, axis=1)
    marks = np.full(wh.shape, quality, np.int8)
    rules = ("", "linear.v1") if quality == Quality.ESTIMATED else ("",)
    rule = np.full(wh.shape, len(rules) - 1, np.int16)
    digest = hashlib.sha256(name.encode()).hexdigest()
    intervals = Intervals(channels, DAY, wh, marks, rule, rules)
    return Readings(name, digest, intervals, no_displays(channels))


@pytest.fixture
def store(tmp_path):
    points = [
        MeteringPoint(id=name, timezone="Europe/Paris", step_s=900, largest_w=1_000_000)
        for name in ("bakery", "park")
    ]
    return Store.create(str(tmp_path / "readings"), points)


def received(called, store, rules, *more):
    done = called(
        "allocate", store.url, "--rules", rules, "--period", "2026-06-15", "--json", *more
    )
    assert done.code == 0, done.err
    return json.loads(done.out)["summary"]


def test_a_correction_counts_from_when_it_became_known(called, store, write):
    rules = write("rules.yaml", RULES)
    first, later = 1_782_864_000, 1_785_542_400
    store.commit(told("one.csv", {BAKERY: 300}), first)
    store.commit(told("estimate", {PARK: 200}, Quality.ESTIMATED), first)
    store.commit(told("two.csv", {PARK: 250}), later)
    now = received(called, store, rules)
    assert now["total"]["received_wh"] == 96 * 250
    assert now["estimated_slots"] == 0
    before = received(called, store, rules, "--as-of", "2026-07-15T00:00:00Z")
    assert before["total"]["received_wh"] == 96 * 200
    assert before["estimated_slots"] == 96
    done = called("allocate", store.url, "--rules", rules, "--period", "2026-06-15",
                  "--as-of", "2026-01-01T00:00:00Z")  # fmt: skip
    assert (done.code, "bakery withdrawal: 96 slots have no reading" in done.err) == (2, True)


def test_suspect_readings_are_refused_or_taken_by_a_rule_and_told_apart(
    called, store, write, tmp_path
):
    store.commit(told("one.csv", {BAKERY: 300}), 1_782_864_000)
    store.commit(told("two.csv", {PARK: 200}, Quality.SUSPECT), 1_782_864_000)
    rules = write("rules.yaml", RULES)
    done = called("allocate", store.url, "--rules", rules, "--period", "2026-06-15")
    assert done.code == 2
    assert "park injection: 96 slots have a suspect reading, the first 2026-06-14T22:00:00Z" in (
        done.err
    )
    assert "suspect: take" in done.err
    rules = write("rules.yaml", RULES + "suspect: take\n")
    out = tmp_path / "out"
    found = received(called, store, rules, "--out", out)
    assert (found["suspect_slots"], found["estimated_slots"]) == (96, 0)
    assert found["total"]["received_wh"] == 96 * 200
    assert json.loads((out / "summary.json").read_text())["suspect_slots"] == 96
    marks = {
        (row["point"], row["estimated"], row["suspect"])
        for row in csv.DictReader((out / "allocation.csv").read_text().splitlines())
    }
    assert marks == {("bakery", "false", "false"), ("park", "false", "true")}
    done = called("allocate", store.url, "--rules", rules, "--period", "2026-06-15")
    assert "suspect, taken as the rules say: 96 slots" in done.out
    assert "estimated" not in done.out


def test_no_store(called, write, tmp_path):
    rules = write("rules.yaml", RULES)
    done = called("allocate", tmp_path / "none", "--rules", rules, "--period", "2026-06-15")
    assert (done.code, "there is no store of readings" in done.err) == (2, True)


def test_hours_of_quarter_hours(called, store, write):
    store.commit(told("one.csv", {BAKERY: 300, PARK: 200}), 1_782_864_000)
    rules = write("rules.yaml", RULES + "slot_minutes: 60\n")
    found = received(called, store, rules)
    assert (found["slots"], found["total"]["received_wh"]) == (24, 96 * 200)


def test_members_that_a_store_lacks_are_told_all_with_their_lines(called, store, write):
    rules = write("rules.yaml", RULES.replace("bakery", "mill").replace("park", "forge"))
    done = called("allocate", store.url, "--rules", rules, "--period", "2026-06-15")
    assert done.code == 2
    assert "rules.yaml:5: point: mill: the store has no such metering point. Fix: " in done.err
    assert "rules.yaml:6: point: forge: the store has no such metering point. Fix: " in done.err
