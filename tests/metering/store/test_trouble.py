"""Killed at any write, a full disk, damaged files: nothing is half stored, and damage is found."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gridpact.base.errors import StoreError
from gridpact.metering.store import places
from gridpact.metering.store.store import Store

KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import conftest as stores
from gridpact.metering.store import places
from gridpact.metering.store.store import Store

left = int(sys.argv[3])
def counted(real):
    def call(*arguments):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)
    return call

for name in ("open", "fsync", "link"):
    setattr(os, name, counted(getattr(os, name)))
store = Store.open(sys.argv[2])
{act}
print("done", flush=True)
"""
COMMIT = """
cells = {(stores.BAKERY, s): 7 for s in range(96)}
store.commit(stores.readings("two", cells, [(stores.BAKERY, 0, 5, "m")]), 200)
"""


def killed(act, url, writes):
    """Run a process that is killed at one of its calls that write; tell whether it got through."""
    script = KILLED.replace("{act}", act)
    command = [sys.executable, "-c", script, str(Path(__file__).parent), url, str(writes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == 0


@pytest.fixture
def begun(stores, tmp_path):
    store = stores.fresh(str(tmp_path / "store"))
    store.commit(stores.readings("one", {(stores.BAKERY, s): 5 for s in range(0, 96, 2)}), 100)
    return store


class Killed(BaseException):
    """A process that is no more: from here on, none of its calls has an effect."""


def kill_after(calls, monkeypatch):
    """Let a number of calls that change files through, and none after; count them in ``done``."""
    done = [0]

    def counted(real):
        def call(*arguments, **options):
            if done[0] >= calls:
                raise Killed
            done[0] += 1
            return real(*arguments, **options)

        return call

    for name in ("open", "fsync", "link", "unlink", "replace", "mkdir"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    return done


def commit(stores, store):
    cells = {(stores.BAKERY, slot): 7 for slot in range(96)}
    return store.commit(stores.readings("two", cells, [(stores.BAKERY, 0, 5, "m")]), 200)


def check_whole(stores, url, before):
    """Reopened, a store is as before or whole, and goes on; tell which it was."""
    store = Store.open(url)
    state = stores.state(store)
    whole = {(stores.BAKERY, slot): (7, 1, "") for slot in range(96)}
    assert state in (before, whole)
    assert (state == whole) == bool(len(store.displays([stores.BAKERY], stores.WINDOW).at_s))
    commit(stores, store)
    assert stores.state(store) == whole
    store.compact()
    assert stores.state(Store.open(url)) == whole
    kept = [store._place.names(each) for each in ("intervals", "displays", "confirmed")]
    assert {name for names in kept for name in names} == {part.path for part in store.log.parts}
    assert store._place.names("commits") == [f"commits/{store.log.last:08d}.json"]
    return state == whole


@pytest.mark.parametrize("act", [commit, lambda _, store: store.compact()])
def test_killed_at_any_call_it_is_as_before_or_whole(stores, tmp_path, act):
    ends, calls, through = set(), 0, False
    while not through:
        store = stores.fresh(str(tmp_path / str(calls)))
        store.commit(stores.readings("one", {(stores.BAKERY, s): 5 for s in range(0, 96, 2)}), 100)
        before = stores.state(store)
        if act is not commit:
            commit(stores, store)
        with pytest.MonkeyPatch.context() as monkeypatch:
            done = kill_after(calls, monkeypatch)
            with contextlib.suppress(Killed):
                act(stores, store)
            through = done[0] < calls
        ends.add(check_whole(stores, store.url, before))
        calls += 1
    assert calls > 20
    assert ends == ({False, True} if act is commit else {True})


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("writes", [3, 9])
def test_killed_by_the_system(stores, begun, writes):
    before = stores.state(begun)
    assert not killed(COMMIT, begun.url, writes)
    check_whole(stores, begun.url, before)


@pytest.mark.parametrize("writes", range(6))
def test_a_disk_that_is_full_at_any_write_leaves_the_store_as_it_was(
    stores, begun, monkeypatch, writes
):
    before = {name: begun._place.read(name) for name in begun._place.names("")}
    left, real = [writes], os.fsync

    def full(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(places.os, "fsync", full)
    cells = {(stores.BAKERY, s): 7 for s in range(96)}
    with pytest.raises(
        StoreError, match="No space left on device; what was stored before is intact"
    ):
        begun.commit(stores.readings("two", cells), 200)
    assert {name: begun._place.read(name) for name in begun._place.names("")} == before
    monkeypatch.undo()
    begun.commit(stores.readings("two", cells), 200)
    assert stores.state(begun)[stores.BAKERY, 95] == (7, 1, "")


def test_a_file_that_may_not_grow(stores, tmp_path):
    """The limit on file size stands for a quota; it holds for every user."""
    resource = pytest.importorskip("resource")
    store = stores.fresh(str(tmp_path / "store"))
    script = KILLED.replace("{act}", COMMIT).replace(
        "store = Store",
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nstore = Store",
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parent), store.url, "10000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert resource.RLIMIT_FSIZE is not None
    assert "StoreError" in done.stderr
    assert "Free space" in done.stderr
    assert Store.open(store.url)._place.names("") == ["store.json"]


def damage(name, how):
    def act(root):
        path = next(iter(sorted(root.glob(name))))
        data = path.read_bytes()
        path.unlink() if how is None else path.write_bytes(how(data))

    return act


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (damage("intervals/**/*.parquet", None), "it is missing"),
        (damage("intervals/**/*.parquet", lambda data: data[:-1]), "its bytes are others"),
        (damage("intervals/**/*.parquet", lambda data: data[:90] + b"x" + data[91:]), "its bytes"),
        (damage("commits/*.json", lambda data: data[: len(data) // 2]), "damaged"),
        (damage("commits/*.json", None), "it is missing"),
        (damage("store.json", lambda data: b""), "damaged"),
    ],
)
def test_damage_is_found_and_named(stores, begun, act, words):
    begun.commit(stores.readings("two", {(stores.BAKERY, 0): 6}), 200)
    act(Path(begun.url))
    with pytest.raises(StoreError, match=words):
        stores.state(Store.open(begun.url))


def test_a_store_of_a_newer_format_is_not_guessed_at(stores, begun):
    path = Path(begun.url) / "commits" / "00000001.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(StoreError, match="newer gridpact"):
        Store.open(begun.url)
