"""A store of readings: what is in it at any instant, whatever was told before and since."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput, StoreError
from gridpact.base.slots import Slots
from gridpact.metering.readings import Channel, Quality
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

MEASURED, SUSPECT, ESTIMATED = (1, 2, 3)


def test_what_is_stored_is_read_back(stores, empty):
    cells = {(stores.BAKERY, 0): 5, (stores.BAKERY, 95): (7, 2, "spike.v1"), (stores.SCHOOL, 1): 0}
    shown = [(stores.BAKERY, 0, 1000, "m1"), (stores.BAKERY, 90_000, 1012, "m1")]
    done = empty.commit(stores.readings("march", cells, shown), 100)
    assert (done.imports[0].new, done.imports[0].corrected, done.imports[0].same) == (5, 0, 0)
    expected = {
        key: each if isinstance(each, tuple) else (each, 1, "") for key, each in cells.items()
    }
    again = Store.open(empty.url)
    assert stores.state(again) == expected
    assert stores.state(again, 99) == {}
    found = again.displays((stores.SCHOOL, stores.BAKERY), Slots(stores.DAY, 1800, 96))
    assert found.channel.tolist() == [1, 1]
    assert (found.at_s - stores.DAY).tolist() == [0, 90_000]
    assert (found.reading_wh.tolist(), found.meter) == ([1000, 1012], ("m1", "m1"))


def test_the_same_file_again_changes_nothing(stores, empty):
    file = stores.readings("march", {(stores.BAKERY, 0): 5}, [(stores.BAKERY, 0, 9, "m")])
    first = empty.commit(file, 100)
    before = empty._place.names("")
    assert empty.commit(file, 200).imports == first.imports
    assert empty.plan(file, 200).already == first.imports[0]
    assert empty._place.names("") == before
    assert len(empty.log.imports) == 1


def test_the_same_values_under_another_name_are_no_new_versions(stores, empty):
    cells = {(stores.BAKERY, 0): 5, (stores.BAKERY, 1): 6}
    shown = [(stores.BAKERY, 0, 9, "m")]
    empty.commit(stores.readings("march", cells, shown), 100)
    before = empty.parts()
    done = empty.commit(stores.readings("march again", cells, shown), 200)
    assert (done.imports[0].new, done.imports[0].corrected, done.imports[0].same) == (0, 0, 3)
    assert empty.parts() == before
    assert [each.known_s for each in empty.versions(stores.BAKERY, stores.DAY)] == [100]


def test_a_corrected_file_makes_versions_of_what_changed_only(stores, empty):
    empty.commit(stores.readings("march", {(stores.BAKERY, s): s for s in range(96)}), 100)
    corrected = stores.readings("corrected", {(stores.BAKERY, s): s + (s == 9) for s in range(96)})
    plan = empty.plan(corrected, 200)
    assert (plan.new.tolist(), plan.corrected.tolist(), plan.same.tolist()) == ([0], [1], [95])
    done = empty.commit(corrected, 200)
    rows = [part.rows for part in done.parts if part.table == "intervals"]
    assert rows == [1]
    slot = stores.DAY + 9 * 1800
    told = [(each.known_s, each.wh, each.commit) for each in empty.versions(stores.BAKERY, slot)]
    assert told == [(100, 9, 1), (200, 10, 2)]
    assert stores.state(empty, 199)[stores.BAKERY, 9][0] == 9
    assert stores.state(empty, 200)[stores.BAKERY, 9][0] == 10


def test_an_estimate_counts_until_something_sound_is_told(stores, empty):
    slot = (stores.BAKERY, 3)
    told = (
        ("a", (8, SUSPECT, "spike.v1")),
        ("b", (5, ESTIMATED, "linear.v1")),
        ("c", (6, MEASURED, "")),
        ("d", (4, ESTIMATED, "linear.v1")),
    )
    for known_s, (name, value) in enumerate(told, start=1):
        empty.commit(stores.readings(name, {slot: value}), known_s)
    assert [stores.state(empty, at)[slot][0] for at in (1, 2, 3, 4)] == [8, 5, 6, 6]
    found = empty.versions(stores.BAKERY, stores.DAY + 3 * 1800)
    assert [(each.wh, each.counted, each.until_s, each.in_force) for each in found] == [
        (8, True, 2, False),
        (5, True, 3, False),
        (6, True, None, True),
        (4, False, None, False),
    ]


def test_versions_end_with_what_counts_where_a_suspect_value_lets_an_estimate_count_again(
    stores, empty
):
    slot = (stores.BAKERY, 3)
    told = ((1, ESTIMATED, "linear.v1"), (3, MEASURED, ""), (2, SUSPECT, "spike.v1"))
    for known_s, value in enumerate(told, start=1):
        empty.commit(stores.readings(f"file {known_s}", {slot: value}), known_s)
    assert stores.state(empty)[slot][:2] == (1, ESTIMATED)
    found = empty.versions(stores.BAKERY, stores.DAY + 3 * 1800)
    assert [(each.known_s, each.wh, each.until_s, each.replaced_wh) for each in found] == [
        (1, 1, 2, None),
        (2, 3, 3, 1),
        (3, 2, None, None),
        (3, 1, None, 3),
    ]
    assert [(each.counted, each.in_force, each.again) for each in found] == [
        (True, False, False),
        (True, False, False),
        (False, False, False),
        (True, True, True),
    ]


def test_unknown_points_are_all_named_and_nothing_is_stored(stores, empty):
    cells = {(Channel("mill"), 0): 1, (Channel("inn"), 0): 1, (stores.BAKERY, 0): 1}
    with pytest.raises(BadInput) as caught:
        empty.commit(stores.readings("march", cells), 100)
    assert [fault.where for fault in caught.value.faults] == ["inn", "mill"]
    assert empty._place.names("intervals") == empty._place.names("commits") == []


def test_two_values_known_since_the_same_instant_are_refused_whole(stores, empty):
    empty.commit(stores.readings("one", {(stores.BAKERY, s): 5 for s in range(60)}), 100)
    before = empty._place.names("")
    other = {(stores.BAKERY, s): 6 for s in range(60)} | {(stores.SCHOOL, 0): 7}
    for store in (empty, empty.trial()):
        with pytest.raises(BadInput) as caught:
            store.commit(stores.readings("two", other), 100)
        assert len(caught.value.faults) == 2  # one for each day of the channel that differs
        assert "and 47 more of that day" in caught.value.faults[0].problem
        assert "2026-03-01T00:00:00Z has another value known since" in str(caught.value)
        assert empty._place.names("") == before


def test_a_trial_changes_nothing_below(stores, empty):
    empty.commit(stores.readings("one", {(stores.BAKERY, 0): 5}), 100)
    before = {name: empty._place.read(name) for name in empty._place.names("")}
    trial = empty.trial()
    trial.commit(stores.readings("two", {(stores.BAKERY, 0): 6}), 200)
    trial.compact()
    assert stores.state(trial)[stores.BAKERY, 0][0] == 6
    assert {name: empty._place.read(name) for name in empty._place.names("")} == before
    assert stores.state(Store.open(empty.url))[stores.BAKERY, 0][0] == 5


def test_points_of_other_steps_take_the_same_file(stores, tmp_path):
    points = [MeteringPoint(id="bakery", step_s=900), MeteringPoint(id="school", step_s=3600)]
    store = Store.create(str(tmp_path / "s"), points)
    cells = {
        (channel, slot): 101 + slot for channel in (stores.BAKERY, stores.SCHOOL) for slot in (0, 1)
    }
    store.commit(stores.readings("halves", cells), 100)
    quarter = store.intervals([stores.BAKERY], Slots(stores.DAY, 900, 4))
    assert (quarter.wh.tolist(), quarter.quality.tolist()) == (
        [[51, 50, 51, 51]],
        [[ESTIMATED] * 4],
    )
    assert {quarter.rules[number] for number in quarter.rule[0]} == {"divided.v1"}
    both = store.intervals([stores.SCHOOL, stores.BAKERY], Slots(stores.DAY, 3600, 2))
    assert both.wh.tolist() == [[203, 0], [203, 0]]
    assert both.quality.tolist() == [[MEASURED, 0], [ESTIMATED, 0]]


def test_compaction_keeps_every_answer_and_every_version(stores, empty):
    rng = np.random.default_rng(4)
    for number in range(1, 6):
        cells = {(stores.BAKERY, int(s)): int(rng.integers(3)) for s in rng.integers(0, 96, 30)}
        empty.commit(
            stores.readings(f"file {number}", cells, [(stores.BAKERY, 0, number, "m")]), 10 * number
        )
    window = Slots(stores.DAY, 1800, 96)
    before = [stores.state(empty, as_of) for as_of in range(0, 70, 5)]
    versions = [empty.versions(stores.BAKERY, at) for at in window.starts().tolist()]
    done = empty.compact()
    assert done.parts < done.parts_before
    assert done.removed > 0
    again = Store.open(empty.url)
    assert [stores.state(again, as_of) for as_of in range(0, 70, 5)] == before
    assert [again.versions(stores.BAKERY, at) for at in window.starts().tolist()] == versions
    assert again.displays([stores.BAKERY], window).reading_wh.tolist() == [5]
    assert again._place.names("commits") == ["commits/00000006.json"]
    assert len(again.log.imports) == 5
    again.commit(stores.readings("late", {(stores.BAKERY, 0): 99}), 35)
    assert stores.state(again, 39)[stores.BAKERY, 0][0] == 99


def test_days_that_are_not_to_be_kept_are_gone(stores, empty):
    cells = {(stores.BAKERY, 0): 5, (stores.BAKERY, 50): 6}
    empty.commit(stores.readings("march", cells, [(stores.BAKERY, 0, 9, "m")]), 100)
    empty.retain("2026-03-02")
    assert stores.state(Store.open(empty.url)) == {(stores.BAKERY, 50): (6, 1, "")}
    assert all("day=2026-03-02" in name for name in empty._place.names("intervals"))
    assert empty._place.names("displays") == []


def test_of_two_writers_both_come_through(stores, empty):
    other = Store.open(empty.url)
    empty.commit(stores.readings("one", {(stores.BAKERY, 0): 5}), 100)
    other.commit(stores.readings("two", {(stores.BAKERY, 0): 6, (stores.BAKERY, 1): 1}), 200)
    assert [one.number for one in Store.open(empty.url).log.imports] == [1, 2]
    assert [each.wh for each in other.versions(stores.BAKERY, stores.DAY)] == [5, 6]


def test_a_store_is_begun_once_and_opened_where_it_is(stores, empty, tmp_path):
    with pytest.raises(BadInput, match="there is a store"):
        Store.create(empty.url, stores.POINTS)
    with pytest.raises(BadInput, match="there is no store"):
        Store.open(str(tmp_path / "none"))
    with pytest.raises(StoreError, match="fsspec"):
        Store.open("nowhere://x")
    with pytest.raises(BadInput, match="no such metering point"):
        empty.intervals([Channel("mill")], Slots(stores.DAY, 900, 1))


def test_points_are_added_and_keep_their_step_and_community(stores, empty):
    more = empty.add(
        [MeteringPoint(id="mill"), msgspec.structs.replace(stores.POINTS[1], zone="z")]
    )
    assert [point.id for point in Store.open(empty.url).points] == ["bakery", "mill", "school"]
    assert more.point("school").zone == "z"
    with pytest.raises(BadInput) as caught:
        empty.add([MeteringPoint(id="school", community="south", step_s=900)])
    assert [fault.where for fault in caught.value.faults] == ["community", "step_s"]


def test_quality_marks_come_in_words(stores, empty):
    """The parts are read by others too; what they say of a mark is its name."""
    import polars as pl

    told = {(stores.BAKERY, slot): (slot, slot, "r" * slot) for slot in range(1, 5)}
    empty.commit(stores.readings("all marks", told), 100)
    (part,) = empty.log.parts
    frame = pl.read_parquet(empty._place.read(part.path))
    assert frame["quality"].cast(pl.String).to_list() == [
        each.name.lower() for each in Quality if each
    ]
    assert frame["rule"].cast(pl.String).to_list() == ["r", "rr", "rrr", "rrrr"]
