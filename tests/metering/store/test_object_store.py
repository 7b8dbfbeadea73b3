"""Object stores as they are: answers get lost, several write at once, errors are of any kind."""

import itertools

import fsspec
import pytest

from gridpact.base.errors import StoreError
from gridpact.metering.store import object_store, places
from gridpact.metering.store.object_store import ObjectStore
from gridpact.metering.store.store import Store

NUMBERS = itertools.count()


class RefusedError(OSError):
    """What s3fs raises of an answer of S3: the code is in what caused it."""

    def __init__(self, code):
        super().__init__(5, "At least one of the pre-conditions you specified did not hold")
        cause = Exception(code)
        cause.response = {"Error": {"Code": code}}
        self.__cause__ = cause


class Unruly:
    """Objects in memory, whose writes do what a list says: ``(name, before or after, error)``."""

    def __init__(self, trouble=()):
        self.memory = fsspec.filesystem("memory")
        self.trouble = list(trouble)

    def pipe_file(self, path, value, mode="overwrite"):
        told = next((one for one in self.trouble if one[0] in path), None)
        if told:
            self.trouble.remove(told)
            if told[1] == "after":
                self.memory.pipe_file(path, value, mode=mode)
            raise told[2]
        self.memory.pipe_file(path, value, mode=mode)

    def __getattr__(self, name):
        return getattr(self.memory, name)


def unruly(stores, monkeypatch, *trouble):
    """An empty store whose objects are kept by something unruly from here on."""
    url = stores.fresh(f"memory://unruly/{next(NUMBERS)}").url
    place = ObjectStore(url, Unruly(trouble), url.removeprefix("memory:/"))
    monkeypatch.setattr("gridpact.metering.store.store.place_of", lambda _: place)
    return Store.open(url), place


ERRORS = {
    "sent again": FileExistsError(17, "there"),
    "sent again, of S3": RefusedError("PreconditionFailed"),
    "no answer": TimeoutError("Read timeout on endpoint"),
    "no OSError": RuntimeError("connection was closed"),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("act", ["commit", "together", "compact"])
def test_where_the_answer_to_a_commit_is_lost_what_is_there_decides(
    stores, monkeypatch, error, act
):
    """Its parts must stay: a commit that counts would else list files that are gone."""
    store, place = unruly(stores, monkeypatch)
    cells = {(stores.BAKERY, slot): 7 for slot in range(96)}
    if act == "compact":
        store.commit(stores.readings("one", cells), 100)
        store.commit(stores.readings("two", {(stores.BAKERY, 3): 8}), 200)
        cells[stores.BAKERY, 3] = 8
    place._files.trouble = [("commits/", "after", error)]
    if act == "commit":
        store.commit(stores.readings("one", cells), 100)
    elif act == "together":
        store.together(lambda trial: trial.commit(stores.readings("one", cells), 100))
    else:
        store.compact()
    assert place._files.trouble == []
    found = Store.open(store.url)
    assert stores.state(found) == {key: (wh, 1, "") for key, wh in cells.items()}
    parts = {part.path for part in found.log.parts}
    assert set(place.names("intervals")) == parts


@pytest.mark.parametrize("name", ["commits/", "intervals/"])
def test_what_was_not_written_is_told_and_leaves_nothing(stores, monkeypatch, name):
    error = TimeoutError("Connect timeout on endpoint")
    store, place = unruly(stores, monkeypatch, (name, "before", error))
    before = place.names("")
    with pytest.raises(StoreError, match=r"Connect timeout on endpoint; what was stored before"):
        store.commit(stores.readings("one", {(stores.BAKERY, 0): 7}), 100)
    assert place.names("") == before
    store.commit(stores.readings("one", {(stores.BAKERY, 0): 7}), 100)
    assert stores.state(Store.open(store.url)) == {(stores.BAKERY, 0): (7, 1, "")}


def test_writes_of_others_at_the_same_time_are_waited_for(stores, monkeypatch):
    busy = [("commits/", "before", RefusedError("ConditionalRequestConflict"))]
    store, place = unruly(stores, monkeypatch, *busy * 3)
    store.commit(stores.readings("one", {(stores.BAKERY, 0): 7}), 100)
    assert place._files.trouble == []
    place._files.trouble = busy * object_store.ATTEMPTS
    with pytest.raises(StoreError, match="others keep writing to it; try again"):
        store.commit(stores.readings("two", {(stores.BAKERY, 0): 8}), 200)
    assert stores.state(Store.open(store.url)) == {(stores.BAKERY, 0): (7, 1, "")}


def test_a_place_that_writes_over_what_is_there_is_refused_at_once(stores, monkeypatch):
    """Servers that speak S3 but know no conditions would lose imports of two at once."""
    memory = Unruly()
    monkeypatch.setattr(
        memory, "pipe_file", lambda path, value, mode: memory.memory.pipe_file(path, value)
    )
    place = ObjectStore("memory://over", memory, "/over")
    monkeypatch.setattr("gridpact.metering.store.store.place_of", lambda _: place)
    with pytest.raises(StoreError, match="writes over files that are there"):
        Store.create("memory://over", stores.POINTS)
    assert place.names("") == []


def test_reading_listing_and_removing_tell_any_error_as_one_of_the_store(monkeypatch):
    class Bare:
        def __getattr__(self, name):
            def fail(*arguments, **options):
                if name != "invalidate_cache":
                    raise RuntimeError("Unable to locate credentials")

            return fail

    place = ObjectStore("s3://bucket/lane", Bare(), "bucket/lane")
    for act in (place.read, place.names, place.remove, lambda name: place.create(name, b"")):
        with pytest.raises(StoreError, match="s3://bucket/lane: one: Unable to locate credentials"):
            act("one")


def test_the_extra_that_reaches_a_url_is_named(monkeypatch):
    def lacks(url, **options):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", lacks)
    with pytest.raises(StoreError, match=r"s3://b/lane: .* extra: pip install 'gridpact\[s3\]'"):
        places.place_of("s3://b/lane")
    with pytest.raises(StoreError, match=r"gs://b/lane: .*Install s3fs"):
        places.place_of("gs://b/lane")
