"""Stores of readings as sources: which values count, as of when, and every fault."""

import hashlib

import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.metering.readings import Channel, Intervals, Quality, Readings, no_displays
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.data import read, window
from gridpact.simulation.scenarios.model import ColumnRef
from gridpact.simulation.scenarios.stores import fingerprint, pinned

DAY = Slots(1_781_474_400, 900, 96)  # 15 June 2026 in Berlin
USE, FED = Channel("bakery"), Channel("bakery", "injection")
FIRST, LATER = DAY.end + 3600, DAY.end + 90_000
SCENARIO = """gridpact: 1
run: {from: 2026-06-15, days: 1}
sources:
  meters: {kind: readings, file: lane}
members:
  - id: m
    load: {source: meters, column: bakery}
    assets: [{kind: pv, source: meters, column: "bakery:injection"}]
"""


def told(name, wh, marks=None, slots=DAY):
    """Both registers of the bakery, each the same in every slot but where marks say otherwise."""
    values = np.repeat(np.array(wh, np.int64)[:, None], slots.count, axis=1)
    quality = np.full(values.shape, Quality.MEASURED, np.int8)
    for (row, slot), mark in (marks or {}).items():
        quality[row, slot] = mark
    rule = (quality > Quality.MEASURED).astype(np.int16)
    digest = hashlib.sha256(name.encode()).hexdigest()
    intervals = Intervals((USE, FED), slots, values, quality, rule, ("", "hand.v1"))
    return Readings(name, digest, intervals, no_displays((USE, FED)))


@pytest.fixture
def store(tmp_path):
    return Store.create(str(tmp_path / "lane"), [MeteringPoint(id="bakery", step_s=900)])


@pytest.fixture
def scenario(tmp_path, store):
    def made(*changes):
        text = SCENARIO
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        (tmp_path / "s.yaml").write_text(text)
        return load(tmp_path / "s.yaml")

    return made


def faults(call):
    with pytest.raises(BadInput) as caught:
        call()
    return [f"{each.where}: {each.problem}" for each in caught.value.faults]


def values(found, column="bakery"):
    return read(found).whole(ColumnRef("meters", column), window(found))


def test_a_column_is_a_register_and_a_point_alone_its_withdrawal(store, scenario):
    store.commit(told("a", (300, 40)), FIRST)
    found = scenario()
    assert values(found)[0].tolist() == [300] * 96
    assert values(found, "bakery:injection")[0].tolist() == [40] * 96


def test_a_correction_counts_from_when_it_became_known(store, scenario):
    store.commit(told("a", (300, 40)), FIRST)
    store.commit(told("b", (310, 40)), LATER)
    early = ("file: lane", "file: lane, as_of: 2026-06-16T12:00")
    assert values(scenario())[0].sum() == 310 * 96
    assert values(scenario(early))[0].sum() == 300 * 96
    utc = ("file: lane", "file: lane, as_of: 2026-06-16T22:59:59Z")
    assert scenario(utc).stores[0].as_of == LATER - 1
    assert values(scenario(utc))[0].sum() == 300 * 96


def test_only_sound_values_count(store, scenario):
    marks = {(0, 3): Quality.SUSPECT, (0, 4): Quality.MISSING, (0, 5): Quality.ESTIMATED}
    store.commit(told("a", (300, 40), marks), FIRST)
    assert faults(lambda: read(scenario())) == [
        "bakery: 2 of the run's 96 slots have no sound value, the first 2026-06-14T22:45:00Z"
    ]
    energy, there = values(scenario(("file: lane", "file: lane, gaps: allow")))
    assert np.flatnonzero(~there).tolist() == [3, 4]
    assert energy[3:6].tolist() == [0, 0, 300]


def test_days_without_any_value_are_a_fault_also_where_gaps_are_allowed(store, scenario):
    store.commit(told("a", (300, 40)), FIRST)
    away = ("2026-06-15", "2026-06-20")
    found = faults(lambda: read(scenario(away, ("file: lane", "file: lane, gaps: allow"))))
    assert len(found) == 2
    assert all("96 of the run's 96 slots" in each for each in found)


def test_readings_of_another_year_are_moved_by_whole_days(store, scenario):
    store.commit(told("a", (300, 40), slots=Slots(DAY.start - 364 * 86400, 900, 96)), FIRST)
    found = scenario(("file: lane", "file: lane, shift_days: 364"))
    assert values(found)[0].sum() == 300 * 96


def test_readings_reach_the_weeks_before_the_run(store, scenario):
    store.commit(told("a", (300, 40), slots=Slots(DAY.start - 28 * 86400, 900, 29 * 96)), FIRST)
    before = Slots(DAY.start - 28 * 86400, 900, 96)
    energy, there = read(scenario()).whole(ColumnRef("meters", "bakery"), before)
    assert there.all()
    assert energy.sum() == 300 * 96


def test_a_run_holds_on_to_what_was_known_as_it_began(store, scenario):
    store.commit(told("a", (300, 40)), FIRST)
    (source,) = scenario().stores
    held = pinned(source)
    assert (source.as_of, held.as_of) == (None, FIRST)
    print_ = fingerprint(held)
    store.commit(told("b", (310, 40)), LATER)
    assert fingerprint(held) == print_ != fingerprint(pinned(source))
    store.compact()
    assert fingerprint(held) == print_
    store.commit(told("c", (320, 40), slots=Slots(DAY.end, 900, 96)), FIRST - 60)
    assert fingerprint(held) != print_


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        (("file: lane", "file: land"), "sources.meters.file", "there is no store of readings"),
        (("file: lane", "file: lane, unit: kWh"), "sources.meters.unit", "tells this itself"),
        (("file: lane", "file: lane, time_column: t"), "sources.meters.time_column", "tells this"),
        (("kind: readings, file: lane", "file: s.yaml, time_column: t, as_of: 2026-06-16T12:00"),
         "sources.meters.as_of", "does not tell when"),
        (("file: lane", "file: lane, as_of: yesterday"), "sources.meters.as_of", "an instant"),
        (("file: lane", "file: lane, as_of: 2026-03-29T02:30"), "sources.meters.as_of", "does not"),
        (("column: bakery}", "column: baker}"), "baker", "no such metering point"),
        (('"bakery:injection"', '"bakery:withdrawal"'), "members[0].assets[0]", "used before"),
        (("members:", "prices: {source: meters, column: bakery}\nmembers:"),
         "prices.source", "is a source of readings, not of series"),
    ],
)  # fmt: skip
def test_every_fault_is_told_at_its_place(store, scenario, change, where, words):
    store.commit(told("a", (300, 40)), FIRST)
    found = faults(lambda: read(scenario(change)))
    assert any(each.startswith(f"{where}: ") and words in each for each in found), found
