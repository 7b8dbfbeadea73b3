"""Signed readings in several files: any splitting of a stream leaves the same store behind."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.readings.importing_signed import import_signed
from gridpact.app.readings.signed_news import Trust
from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.metering.edge import remembered
from gridpact.metering.edge.records import DOMAIN, RECORD, Signer, bodies, to_bytes
from gridpact.metering.edge.statements import state
from gridpact.metering.readings import Channel, Quality
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

DAY, STEP, COUNT = 1_772_323_200, 900, 9
NAMES = itertools.count()
POINTS = ("bakery", "school")
WINDOW = Slots(DAY, STEP, 96)
CHANNELS = tuple(Channel(p, r) for p in POINTS for r in ("withdrawal", "injection"))


def key(name):
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


STATED = {
    name: state(key("authority"), name, key(name).public_key().public_bytes_raw(), DAY)
    for name in POINTS
}
TRUST = Trust(statements=tuple(STATED.values()))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of four sequences, so that a few readings lie in several of them."""
    monkeypatch.setattr(remembered, "BLOCK", 4)
    monkeypatch.setattr("gridpact.metering.store.signed.BLOCK", 4)


def chain(name="bakery", wh=100, starts=range(COUNT), first=0, previous=None):
    signer = Signer(key(name), name, previous or STATED[name].genesis, first)
    return [signer.sign(DAY + STEP * n, STEP, wh + 7 * (n % 5), n % 2) for n in starts]


def digest(record):
    return sha256(DOMAIN + bodies(record)[0]).digest()


class Place:
    """A store, and files put into it one second after the other."""

    def __init__(self, folder):
        points = [MeteringPoint(id=name, step_s=STEP) for name in POINTS]
        self.store = Store.create(f"memory://signed/{next(NAMES)}", points)
        self.folder, self.known_s = folder, DAY + 2 * 86400

    def put(self, records, commit=True):
        path = self.folder / "some.signed"
        path.write_bytes(to_bytes(np.concatenate(records) if records else np.zeros(0, RECORD)))
        self.known_s += 1
        store = Store.open(self.store.url)
        done = import_signed(store, path, TRUST, self.known_s, commit=commit)
        self.store = Store.open(self.store.url)
        return done

    def kinds(self, records, **how):
        return [(each.row, each.kind) for each in self.put(records, **how).verified.found]

    def state(self):
        """Values in force, with their marks, and how the chains stand."""
        found = self.store.intervals(CHANNELS, WINDOW)
        cells = {
            (CHANNELS[row].point, CHANNELS[row].register, slot): (
                int(found.wh[row, slot]),
                Quality(found.quality[row, slot]).name,
                found.rules[found.rule[row, slot]],
            )
            for row, slot in np.argwhere(found.quality != Quality.MISSING).tolist()
        }
        chains = {
            each.key: (each.runs, each.digest, each.end_s, each.forked)
            for each in self.store.log.chains
        }
        return cells, chains

    def marks(self, rule, point="bakery"):
        """Slots that are suspect by a rule."""
        cells, _ = self.state()
        return [slot for (p, r, slot), cell in sorted(cells.items())
                if (p, r, cell[1:]) == (point, "withdrawal", ("SUSPECT", rule))]  # fmt: skip


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


FAULTS = st.tuples(
    st.sampled_from(["drop", "change", "back", "break", "negative", "jump"]),
    st.integers(0, 2 * COUNT - 1),
)


def faulty(faults):
    """Two chains in turn; readings left out or changed, clocks set, links broken, values odd."""
    wanted = {row: what for what, row in faults}
    records = []
    for place, name in enumerate(POINTS):
        previous, slot = STATED[name].genesis, 0
        for n in range(COUNT):
            what = wanted.get(2 * n + place)
            slot += {"back": -1, "jump": 3}.get(what, 1)
            link = bytes(32) if what == "break" else previous
            wh = -5 if what == "negative" else 100 + 7 * (n % 5)
            signer = Signer(key(name), name, link, n)
            record = signer.sign(DAY + STEP * max(slot, 0), STEP, wh, n % 2)
            previous = digest(record)
            if what == "change":
                record["body"]["withdrawal_wh"] += 1
            if what != "drop":
                records.append(record)
    return [each for pair in itertools.zip_longest(records[::2], records[1::2]) for each in pair
            if each is not None]  # fmt: skip


@settings(deadline=None, max_examples=15)
@given(faults=st.lists(FAULTS, max_size=5), data=st.data())
def test_any_splitting_in_any_order_leaves_the_same_store(tmp_path_factory, faults, data):
    folder, records = tmp_path_factory.mktemp("files"), faulty(faults)
    whole, parts = Place(folder), Place(folder)
    whole.put(sorted(records, key=lambda each: int(each["body"]["sequence"][0])))
    of_file = data.draw(st.lists(st.integers(0, 4), min_size=len(records), max_size=len(records)))
    files = [[r for r, file in zip(records, of_file, strict=True) if file == n] for n in range(5)]
    order = data.draw(st.permutations(range(5)))
    again = data.draw(st.lists(st.integers(0, 4), max_size=3))
    for number in (*order, *again):
        parts.put(files[number])
    assert parts.state() == whole.state()
    imports = len(parts.store.log.imports)
    done = parts.put(records)
    assert parts.state() == whole.state()
    assert len(parts.store.log.imports) == imports
    assert not done.imported.changes
    assert {each.kind for each in done.verified.found} <= {"bad-signature", "impossible"}


@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_forks_split_anywhere_leave_the_same_store(tmp_path_factory, data):
    folder, honest = tmp_path_factory.mktemp("files"), chain()
    begin = data.draw(st.integers(0, COUNT - 1))
    parent = digest(honest[begin - 1]) if begin else None
    length = data.draw(st.integers(1, 2 * COUNT - begin))
    side = chain("bakery", 300, range(begin, begin + length), begin, parent)
    merged = data.draw(st.permutations([True] * COUNT + [False] * length))
    left = {True: list(honest), False: list(side)}
    records = [left[mine].pop(0) for mine in merged]
    whole, parts = Place(folder), Place(folder)
    kinds = [kind for _, kind in whole.kinds(records)]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=4)))
    told = []
    for first, last in itertools.pairwise([0, *cuts, len(records)]):
        told += [kind for _, kind in parts.kinds(records[first:last])]
        if data.draw(st.booleans()):
            parts.put(records[first:last])
    assert parts.state() == whole.state()
    assert told.count("fork") == kinds.count("fork")
    assert "fork" in kinds


def test_what_is_stored_already_changes_nothing_and_is_told(place):
    records = chain()
    place.put(records[:6])
    before, imports = place.state(), place.store.log.imports
    done = place.put(records[2:5])
    assert (done.known, done.verified.found) == (3, ())
    assert (place.state(), place.store.log.imports) == (before, imports)
    done = place.put(records[4:])
    assert (done.known, done.imported.plan.new.tolist()) == (2, [3, 3])
    assert done.imported.plan.same.tolist() == [0, 0]
    assert len(place.store.log.chains[0].runs) == 1


def test_a_gap_over_two_files_is_told_and_filled(place):
    records = chain()
    place.put(records[:3])
    done = place.put(records[6:])
    assert [(each.row, each.kind) for each in done.verified.found] == [(0, "gap")]
    assert "sequences 3 to 5 are missing" in done.verified.found[0].words
    assert done.chains[0].missing() == ((3, 5),)
    done = place.put(records[3:6])
    assert (done.verified.found, done.filled) == ((), (("bakery", 3, 5),))
    whole = Place(place.folder)
    whole.put(records)
    assert place.state() == whole.state()


def test_a_fork_over_two_files_keeps_the_first_and_stores_nothing_of_the_other(place):
    records = chain()
    side = chain("bakery", 300, range(4, 12), 4, digest(records[3]))
    place.put(records)
    done = place.put([*records[:4], *side])
    assert [(each.row, each.kind) for each in done.verified.found] == [
        (row, "fork") for row in range(4, 12)
    ]
    assert "another reading of sequence 4" in done.verified.found[0].words
    assert place.marks("fork.v1") == [4, 5, 6, 7, 8]
    cells, _ = place.state()
    assert cells["bakery", "withdrawal", 4] == (128, "SUSPECT", "fork.v1")
    assert ("bakery", "withdrawal", 9) not in cells
    later = chain("bakery", 300, range(12, 14), 12, digest(side[-1]))
    assert place.kinds(later) == [(0, "fork"), (1, "fork")]  # it goes on from the other side
    assert place.state()[0] == cells
    assert place.kinds(chain(starts=range(9, 11), first=9, previous=digest(records[-1]))) == [
        (0, "fork"), (1, "fork")]  # fmt: skip
    assert place.marks("fork.v1") == [4, 5, 6, 7, 8, 9, 10]


def test_a_link_that_a_late_reading_contradicts_is_suspect(place):
    records = chain()
    other = Signer(key("bakery"), "bakery", digest(records[2]), 3)
    place.put([*records[:3], *records[4:]])
    done = place.put([other.sign(DAY + 3 * STEP, STEP, 500, 0)])
    ((row, kind),) = [(each.row, each.kind) for each in done.verified.found]
    assert (row, kind) == (0, "broken-chain")
    assert "sequence 4, known before" in done.verified.found[0].words
    assert place.marks("broken-chain.v1") == [4]


def test_an_import_is_tried_with_the_same_findings(place):
    records = chain()
    place.put(records[:4])
    before = place.state()
    assert place.kinds(records[5:], commit=False) == place.kinds(records[5:], commit=False)
    assert place.state() == before


@pytest.mark.parametrize("forget", [False, True])
def test_compaction_and_retention_keep_what_is_known(place, forget):
    records = chain(starts=range(96 + COUNT))
    place.put(records[:50])
    place.put(records[50:])
    (before,) = place.store.log.chains
    if forget:
        place.store.retain("2026-03-02")
    else:
        place.store.compact()
    place.store = Store.open(place.store.url)
    (after,) = place.store.log.chains
    parts = {part.path for part in place.store.log.parts if part.table == "signed"}
    assert parts == set(place.store._place.names("signed"))
    assert (after.sequence, after.digest, after.end_s) == (104, before.digest, before.end_s)
    assert (after == before) != forget
    assert after.runs[0].first == (96 if forget else 0)
    done = place.put(records[96:])
    assert (done.known, done.imported.changes) == (9, False)
    side = chain("bakery", 300, range(100, 103), 100, digest(records[99]))
    assert place.kinds(side) == [(row, "fork") for row in range(3)]
    place.store.retain("2027-01-01")
    more = chain(starts=range(105, 107), first=105, previous=digest(records[-1]))
    assert place.kinds(more) == []
    (chain_,) = place.store.log.chains
    assert [(run.first, run.last) for run in chain_.runs] == [(104, 106)]


def test_several_writers_at_once_know_each_message_once(place, tmp_path):
    records, url = chain(), str(tmp_path / "store")
    Store.create(url, [MeteringPoint(id=name, step_s=STEP) for name in POINTS])
    spans = [(0, 5), (3, 8), (2, 9)]
    for number, (first, last) in enumerate(spans):
        data = to_bytes(np.concatenate(records[first:last]))
        (tmp_path / f"{number}.signed").write_bytes(data)

    def put(number):
        path, store = tmp_path / f"{number}.signed", Store.open(url)
        return import_signed(store, path, TRUST, DAY + 2 * 86400 + number, commit=True).known

    with ThreadPoolExecutor() as pool:
        known = sum(pool.map(put, range(3)))
    place.store, place.known_s = Store.open(url), DAY + 3 * 86400
    whole = Place(tmp_path)
    whole.put(records)
    assert place.state() == whole.state()
    assert known == 5 + 5 + 7 - COUNT
    everything = place.store.remembered(np.concatenate(records[:4]))
    assert sorted(everything.records["body"]["sequence"].tolist()) == list(range(COUNT))
    assert len(place.store.log.chains[0].runs) == 1


def test_chains_begin_where_others_ended(place, tmp_path):
    from gridpact.metering.edge.records import Stream
    from gridpact.metering.edge.verification import verify

    records = chain()
    heads = verify(Stream(np.concatenate(records[:4])), TRUST.statements).heads
    path = tmp_path / "rest.signed"
    path.write_bytes(to_bytes(np.concatenate(records[4:])))
    trust = Trust(statements=TRUST.statements, heads=heads)
    done = import_signed(place.store, path, trust, DAY + 86400, commit=True)
    assert done.verified.found == ()
    assert place.kinds(records[4:]) == []


def test_readings_of_what_has_not_happened_yet_are_refused(place):
    """The last of three quarter-hours ends after the instant at which the file became known."""
    records = chain(starts=range(3))
    place.known_s = DAY + 3 * 900 - 2
    with pytest.raises(BadInput, match=r"until 2026-03-01T00:45:00Z were not known at .*00:44:59Z"):
        place.put(records)
    assert place.store.log.chains == ()
    assert place.put(records).imported.changes  # one second later
