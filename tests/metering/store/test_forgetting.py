"""Metering points are forgotten in every table, version and file, and all others stay."""

import io
import json
from contextlib import suppress

import numpy as np
import polars as pl
import pytest

from gridpact.metering.readings import Quality
from gridpact.metering.store import rows
from gridpact.metering.store.forgetting import forget
from gridpact.metering.store.log import read_log
from gridpact.metering.store.places import place_of
from gridpact.metering.store.store import Store


@pytest.fixture
def filled(stores, tmp_path):
    """A store with values, corrections, confirmations and displays of two points."""
    url = str(tmp_path / "readings")
    store = stores.fresh(url)
    both = {(stores.BAKERY, 3): 5, (stores.SCHOOL, 3): 7, (stores.BAKERY, 60): 1}
    store.commit(stores.readings("both", both), 100)
    store.commit(stores.readings("bakery alone", {(stores.BAKERY, 3): 9}), 200)
    store.commit(stores.readings("school again", {(stores.SCHOOL, 3): 7}), 300)
    shown = [(stores.BAKERY, 0, 1_000, "m1"), (stores.SCHOOL, 0, 2_000, "m2")]
    store.commit(stores.readings("shown", {(stores.SCHOOL, 4): 1}, shown), 400)
    return store


def everything(url):
    """All rows of all files below a folder, whether the index names them or not, and all names."""
    place = place_of(url)
    for name in place.names(""):
        data = place.read(name)
        if name.endswith(".parquet"):
            yield str(pl.read_parquet(io.BytesIO(data)).to_dicts())
        else:
            yield data.decode()
        yield name


def test_nothing_of_a_point_is_left_and_the_others_are_as_before(stores, filled):
    before = {key: value for key, value in stores.state(filled).items() if key[0] == stores.SCHOOL}
    assert any("bakery" in text for text in everything(filled.url))
    gone = forget(filled.url, ["bakery"])
    assert gone == 4
    assert not any("bakery" in text for text in everything(filled.url))
    left = Store.open(filled.url)
    assert [point.id for point in left.points] == ["school"]
    found = left.intervals((stores.SCHOOL,), stores.WINDOW)
    there = np.flatnonzero(found.quality[0] != Quality.MISSING).tolist()
    assert {(stores.SCHOOL, slot): int(found.wh[0, slot]) for slot in there} == {
        key: value[0] for key, value in before.items()
    }
    assert left.displays((stores.SCHOOL,), stores.WINDOW).reading_wh.tolist() == [2_000]


def test_words_of_a_point_are_not_left_in_dictionaries(stores, filled, monkeypatch):
    def plain(frame):
        stream = io.BytesIO()
        frame.write_parquet(stream, compression="uncompressed", statistics=False)
        return stream.getvalue()

    monkeypatch.setattr(rows, "to_bytes", plain)
    forget(filled.url, ["bakery"])
    place = place_of(filled.url)
    files = [place.read(name) for name in place.names("")]
    assert any(b"school" in data for data in files)
    assert not any(b"bakery" in data for data in files)


def test_imports_say_what_is_forgotten_of_them(filled):
    forget(filled.url, ["bakery"])
    log = read_log(place_of(filled.url))
    assert [(one.source, one.forgotten) for one in log.imports] == [
        ("both", True), ("", True), ("school again", False), ("shown", True),
    ]  # fmt: skip
    assert log.imports[1].digest == ""


def test_done_again_it_changes_nothing(stores, filled):
    forget(filled.url, ["bakery"])
    before = stores.state(Store.open(filled.url).add(stores.POINTS[:1]))
    assert forget(filled.url, ["bakery"]) == 0
    assert stores.state(Store.open(filled.url).add(stores.POINTS[:1])) == before


def test_all_points_may_go(filled):
    forget(filled.url, ["bakery", "school"])
    left = Store.open(filled.url)
    assert (left.points, left.log.parts) == ((), ())
    assert json.loads(place_of(filled.url).read("store.json"))["points"] == []


class Killed(BaseException):
    """The process ends."""


@pytest.mark.parametrize("after", range(14))
def test_cut_off_anywhere_it_is_finished_by_doing_it_again(after, stores, filled, monkeypatch):
    kind, left = type(place_of(filled.url)), after

    def counted(call):
        def some(*given):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return call(*given)

        return some

    with monkeypatch.context() as patched:
        for name in ("create", "remove"):
            patched.setattr(kind, name, counted(getattr(kind, name)))
        with suppress(Killed):
            forget(filled.url, ["bakery"])
    forget(filled.url, ["bakery"])
    assert not any("bakery" in text for text in everything(filled.url))
    school = Store.open(filled.url).intervals((stores.SCHOOL,), stores.WINDOW)
    assert int(school.wh.sum()) == 8
