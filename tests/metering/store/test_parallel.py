"""Several processes that write to one store at once: each is stored, in some order."""

import subprocess
import sys
from pathlib import Path

import pytest

from gridpact.metering.store import heads, places
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
import conftest as stores
from gridpact.metering.store.store import Store

me, rounds, alike = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "alike"
store = Store.open(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for turn in range(rounds):
    slot = turn if alike else 10 * me + turn
    cells = {(stores.BAKERY, slot): 5, (stores.SCHOOL, 95 - turn): 7}
    name = f"writer {me} turn {turn}"
    store.commit(stores.readings(name, cells), 100)
    {then}
"""


def at_once(script, *each):
    """Run a script in one process for each list of arguments, begun at one word."""
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for arguments in each
    ]  # fmt: skip
    for process in begun:
        assert process.stdout.readline() == "ready\n"
    for process in begun:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in begun:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors


def written_at_once(url, writers, rounds, alike="apart", then=""):
    """Let processes commit at the same time; return the names of what they stored."""
    here = Path(__file__).parent
    each = ((here, url, me, rounds, alike) for me in range(writers))
    at_once(WRITER.replace("{then}", then), *each)
    return {f"writer {me} turn {turn}" for me in range(writers) for turn in range(rounds)}


def check_whole(store):
    """Every part is there as it was written, and no other; nothing is half written."""
    parts = {part.path for part in store.log.parts}
    kept = [store._place.names(each) for each in ("intervals", "displays", "confirmed")]
    assert {name for names in kept for name in names} == parts
    assert len(parts) == len(store.log.parts)
    assert not [name for name in store._place.names("") if name.endswith(".partial")]


@pytest.mark.parametrize("alike", ["apart", "alike"])
def test_all_that_write_at_once_are_stored_in_some_order(stores, tmp_path, alike):
    """Also where they bring the very same bytes: none removes what another one counts on."""
    url = stores.fresh(str(tmp_path / "store")).url
    expected = written_at_once(url, 4, 6, alike)
    store = Store.open(url)
    assert {one.source for one in store.log.imports} == expected
    assert [one.number for one in store.log.imports] == list(range(1, 25))
    check_whole(store)
    cells = {(stores.SCHOOL, 95 - turn): (7, 1, "") for turn in range(6)}
    for me in range(4):
        shift = 0 if alike == "alike" else 10 * me
        cells |= {(stores.BAKERY, shift + turn): (5, 1, "") for turn in range(6)}
    assert stores.state(store) == cells


def test_what_is_written_while_the_index_is_folded_is_not_lost(stores, tmp_path):
    url = stores.fresh(str(tmp_path / "store")).url
    then = """
    if me == 0:
        from gridpact.base.errors import StoreError
        try:
            store.compact()
        except StoreError as error:
            assert "try again" in str(error), error
    """
    expected = written_at_once(url, 3, 6, then=then)
    store = Store.open(url)
    assert {one.source for one in store.log.imports} == expected
    before = stores.state(store)
    assert sum(wh == 5 for wh, _, _ in before.values()) == 18
    store.compact()
    assert stores.state(Store.open(url)) == before
    check_whole(Store.open(url))


def test_a_number_that_was_folded_away_is_not_taken_for_a_new_one(stores, tmp_path):
    """A writer that read the index before others wrote and folded it begins anew."""
    url = stores.fresh(str(tmp_path / "store")).url
    Store.open(url).commit(stores.readings("one", {(stores.BAKERY, 0): 1}), 100)
    slow = Store.open(url)
    other = Store.open(url)
    other.commit(stores.readings("two", {(stores.BAKERY, 1): 2}), 110)
    other.commit(stores.readings("three", {(stores.BAKERY, 2): 3}), 120)
    other.compact()
    done = slow.commit(stores.readings("slow", {(stores.BAKERY, 3): 4}), 130)
    assert done.number == other.log.last + 1
    assert {slot: wh for (_, slot), (wh, _, _) in stores.state(Store.open(url)).items()} == {
        0: 1,
        1: 2,
        2: 3,
        3: 4,
    }


def test_points_added_from_two_sides_are_both_kept(stores, tmp_path):
    url = stores.fresh(str(tmp_path / "store")).url
    one, two = Store.open(url), Store.open(url)
    one.add([stores.POINTS[1].__class__(id="mill")])
    assert {point.id for point in two.add([stores.POINTS[1].__class__(id="forge")]).points} == {
        *("bakery", "school", "mill", "forge")
    }


def test_what_a_killed_process_left_half_written_is_in_nobodys_way(tmp_path):
    place = places.Folder(tmp_path)
    (tmp_path / "commits").mkdir()
    left = tmp_path / "commits" / ".00000001.json.0.partial"
    left.write_bytes(b"half")
    assert place.create("commits/00000001.json", b"whole")
    assert place.read("commits/00000001.json") == b"whole"
    assert left.read_bytes() == b"half"


ADDER = """
import sys
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

url, me = sys.argv[1], sys.argv[2]
store = Store.open(url)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(5):
    store.add([MeteringPoint(id=f"point-{me}-{turn}")])
"""


def test_points_that_several_add_at_once_are_all_there(stores, tmp_path):
    url = stores.fresh(str(tmp_path / "store")).url
    before = {point.id for point in Store.open(url).points}
    at_once(ADDER, *((url, me) for me in range(4)))
    added = {f"point-{me}-{turn}" for me in range(4) for turn in range(5)}
    assert {point.id for point in Store.open(url).points} == before | added
    store = Store.open(url)
    assert len(store._place.names("points")) == 20
    store.compact()
    assert len(store._place.names("points")) == 1
    assert Store.open(url).points == store.points


def test_points_are_added_to_what_another_one_added_meanwhile(stores):
    """One by one, without chance: both opened the store before either added."""
    url = stores.fresh("memory://both").url
    one, other = Store.open(url), Store.open(url)
    one.add([MeteringPoint(id="left")])
    other.add([MeteringPoint(id="right")])
    assert {"left", "right"} <= {point.id for point in Store.open(url).points}
    again = len(one._place.names("points"))
    one.add([MeteringPoint(id="left")])
    assert len(one._place.names("points")) == again  # what changes nothing leaves nothing
    place = Store.open(url)._place
    assert not place.create("points/00000002.json", b"")
    assert heads.outdated(place) == ["points/00000001.json"]
