"""Several imports as one commit: all of them or none, whoever else writes and whatever breaks."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gridpact.base.errors import BadInput, StoreError
from gridpact.metering.store.store import Store

KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import conftest as stores
from gridpact.metering.store.store import Store

store, left = Store.open(sys.argv[2]), int(sys.argv[3])
create = type(store._place).create

def some(place, name, data):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return create(place, name, data)

type(store._place).create = some
files = [stores.readings(str(n), {(stores.BAKERY, n): 5}) for n in range(3)]
store.together(lambda into: [into.commit(each, 100) for each in files])
"""


def both(stores, *slots):
    files = [stores.readings(f"file {slot}", {(stores.BAKERY, slot): slot + 1}) for slot in slots]
    return lambda into: [into.put(each, 100).commit.imports[0].number for each in files]


def names(store):
    return [(one.source, one.number) for one in store.log.imports]


def test_imports_are_one_commit_with_numbers_of_their_own(stores, empty):
    assert empty.together(both(stores, 1, 2, 3)) == [1, 2, 3]
    empty.commit(stores.readings("later", {(stores.BAKERY, 9): 7}), 200)
    found = Store.open(empty.url)
    assert names(found) == [("file 1", 1), ("file 2", 2), ("file 3", 3), ("later", 4)]
    assert found._place.names("commits") == ["commits/00000001.json", "commits/00000002.json"]
    assert found.versions(stores.BAKERY, stores.DAY + 3 * 1800)[0].commit == 3
    before = stores.state(found)
    found.compact()
    assert stores.state(Store.open(empty.url)) == before
    assert found.together(both(stores, 2, 3, 4)) == [2, 3, 5]
    assert {part.path for part in found.log.parts} == set(found._place.names("intervals"))


def test_what_contradicts_itself_stores_nothing(stores, empty):
    files = [stores.readings(name, {(stores.BAKERY, 1): wh}) for name, wh in (("a", 5), ("b", 6))]
    with pytest.raises(BadInput, match="another value"):
        empty.together(lambda into: [into.commit(each, 100) for each in files])
    assert (names(Store.open(empty.url)), empty._place.names("intervals")) == ([], [])


def test_work_that_was_overtaken_is_done_anew(stores, empty):
    seen = []

    def work(into):
        seen.append(into.put(stores.readings("mine", {(stores.BAKERY, 1): 5}), 100).plan)
        if len(seen) == 1:
            Store.open(empty.url).commit(stores.readings("other", {(stores.BAKERY, 1): 9}), 50)

    empty.together(work)
    assert [(int(plan.new[0]), int(plan.corrected[0])) for plan in seen] == [(1, 0), (0, 1)]
    assert names(Store.open(empty.url)) == [("other", 1), ("mine", 2)]
    assert {part.path for part in empty.log.parts} == set(empty._place.names("intervals"))


def test_a_compaction_in_between_leaves_the_same(stores, empty):
    empty.commit(stores.readings("first", {(stores.BAKERY, 1): 9}), 50)
    empty.commit(stores.readings("second", {(stores.BAKERY, 2): 9}), 60)
    left = [True]

    def work(into):
        if left:
            left.pop()
            Store.open(empty.url).compact()
        return both(stores, 1, 5)(into)

    empty.together(work)
    assert [name for name, _ in names(Store.open(empty.url))] == ["first", "second", "file 1",
                                                                  "file 5"]  # fmt: skip


@pytest.mark.parametrize("after", range(4))
def test_a_full_disk_or_a_kill_leaves_the_store_as_it_was(stores, tmp_path, after, monkeypatch):
    empty = stores.fresh(str(tmp_path / "store"))
    empty.commit(stores.readings("before", {(stores.BAKERY, 7): 5}), 50)
    state, files = stores.state(empty), empty._place.names("")
    words = [sys.executable, "-c", KILLED, str(Path(__file__).parent), empty.url, str(after)]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    assert stores.state(Store.open(empty.url)) == state
    create, left = type(empty._place).create, [after]

    def some(place, name, data):
        if not left[0]:
            raise StoreError("no space left")
        left[0] -= 1
        return create(place, name, data)

    killed = set(empty._place.names(""))
    monkeypatch.setattr(type(empty._place), "create", some)
    with pytest.raises(StoreError, match="no space"):
        empty.together(both(stores, 1, 2, 3))
    monkeypatch.undo()
    assert set(empty._place.names("")) == killed
    assert stores.state(Store.open(empty.url)) == state
    assert set(files) <= killed
    assert Store.open(empty.url).together(both(stores, 1, 2, 3)) == [2, 3, 4]
