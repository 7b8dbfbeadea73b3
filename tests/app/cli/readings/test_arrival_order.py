"""Intervals and displays end in the same state, whichever arrived first and whenever known."""

import itertools
from uuid import uuid4

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.readings.importing import put
from gridpact.base.slots import Slots
from gridpact.metering.readings import (
    Channel,
    Displays,
    Intervals,
    Quality,
    Readings,
    no_displays,
)
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store
from gridpact.metering.validation.rules import DisplaySum, Rulebook

START, STEP, COUNT = 1_772_323_200, 900, 8  # 2026-03-01T00:00Z
DAY = 86_400
CHANNEL = Channel("a")
RULES = Rulebook((DisplaySum(),), (DisplaySum(),))


def readings(name, values, displays):
    """Values by slot and displays by edge, both counted from the first."""
    wh, quality = np.zeros((1, COUNT), np.int64), np.zeros((1, COUNT), np.int8)
    for slot, value in values.items():
        wh[0, slot], quality[0, slot] = value, int(Quality.MEASURED)
    intervals = Intervals(
        (CHANNEL,), Slots(START, STEP, COUNT), wh, quality, np.zeros((1, COUNT), np.int16)
    )
    edges = sorted(displays)
    at = np.array([START + STEP * edge for edge in edges], dtype=np.int64)
    shown = Displays(
        (CHANNEL,),
        np.zeros(len(edges), np.int64),
        at,
        np.array([displays[edge] for edge in edges], dtype=np.int64),
        ("m",) * len(edges),
    )
    return Readings(name, name, intervals, shown if edges else no_displays((CHANNEL,)))


def store_of(files, order):
    """A store that files arrived at in some order; file n is known since day n + 2."""
    points = (MeteringPoint(id="a", community="c", timezone="UTC", step_s=STEP),)
    store = Store.create(f"memory://{uuid4().hex}", points)
    for number in order:
        known = START + DAY * (number + 2)
        put(store, readings(f"f{number}", *files[number]), RULES, ("", known), commit=True)
    return store


def state(store, as_of):
    """Value, mark and rule of each slot as known at an instant."""
    read = store.intervals((CHANNEL,), Slots(START, STEP, COUNT), as_of)
    rules = [read.rules[number] for number in read.rule[0].tolist()]
    return list(zip(read.wh[0].tolist(), read.quality[0].tolist(), rules, strict=True))


def worked_out(files):
    """The state after files in the order in which they became known, in plain Python."""
    values, shown = {}, {}
    for told, displays in files:
        values.update(told)
        shown.update(displays)
    suspect = set()
    for first, last in itertools.pairwise(sorted(shown)):
        rise, slots = shown[last] - shown[first], range(first, last)
        there = [values[slot] for slot in slots if slot in values]
        whole = len(there) == len(slots)
        if rise < 0 or sum(there) > rise or (whole and sum(there) < rise):
            suspect |= {slot for slot in slots if slot in values}
    missing, measured = (0, int(Quality.MISSING), ""), int(Quality.MEASURED)
    return [
        missing
        if slot not in values
        else (values[slot], int(Quality.SUSPECT), "display-sum.v1")
        if slot in suspect
        else (values[slot], measured, "")
        for slot in range(COUNT)
    ]


VALUES = st.dictionaries(st.integers(0, COUNT - 1), st.sampled_from([10, 10, 10, 20]), max_size=8)
RISES = st.lists(st.sampled_from([10, 10, 10, 20]), min_size=COUNT, max_size=COUNT)


@st.composite
def _displays(draw):
    """A register that counts ten a slot, mostly, read at some edges of slots."""
    register = np.concatenate(([1000], 1000 + np.cumsum(draw(RISES)))).tolist()
    edges = draw(st.sets(st.integers(0, COUNT), max_size=3))
    return {edge: register[edge] for edge in edges}


FILE = st.tuples(VALUES, _displays()).filter(lambda each: each[0] or each[1])


@given(data=st.data(), files=st.lists(FILE, min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_any_order_of_arrival_ends_in_the_state_of_what_was_known(data, files):
    order = data.draw(st.permutations(range(len(files))))
    store, plainly = store_of(files, order), store_of(files, range(len(files)))
    for number in range(len(files)):
        as_of = START + DAY * (number + 2) + DAY // 2
        expected = worked_out(files[: number + 1])
        assert state(plainly, as_of) == expected
        assert state(store, as_of) == expected
    assert state(store, None) == worked_out(files)
