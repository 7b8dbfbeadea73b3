"""A follower opens by its last snapshot, believes none that is damaged, and finds a forged one."""

import sqlite3
from itertools import islice
from types import SimpleNamespace

import pytest

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger.acts import drafted
from gridpact.ledger.chain import Block, EntryRow
from gridpact.ledger.entries import canonical
from gridpact.ledger.evm import following
from gridpact.ledger.evm.following import Fold, Follower
from gridpact.ledger.evm.signing import demonstration_key, genesis_of, padded, signed
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.money import TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.merkle import Edge, leaf_hash
from gridpact.ledger.port import Head
from gridpact.ledger.state.snapshot import frozen, thawed
from gridpact.ledger.storage.opening import open_storage
from gridpact.ledger.storage.snapshots import _message, bound
from gridpact.ledger.storage.tiles import subtree_rows

FRONT, AT = bytes([7] * 20), 1_000
START = Head(0, 0, Edge().root(), genesis_of(7, FRONT))
KEY = demonstration_key(3, "lane")
BLOCKS, EACH = 8, 5
ALL = list(range(1, BLOCKS + 1))
NODE = SimpleNamespace(
    final=lambda: 0, receipt=lambda _: SimpleNamespace(ok=True, block=9), place="here"
)


def history(blocks, each):
    """Entries block by block: one authority, an operator, then transfers between two."""
    key = KEY.public.raw
    yield [LedgerFounded((("auth-a", key),), 1, 300)]
    people = [ParticipantAuthorised(name, "operator") for name in ("ada", "bob")]
    yield act("auth-a", 1, *people, KeyBound("ada", key))
    yield act("ada", 1, TokensMinted("eur", "ada", 10**6, "in"))
    for number in range(2, blocks - 1):
        moved = [TokensTransferred("eur", "ada", "bob", 1 + place) for place in range(each)]
        yield act("ada", number, *moved)


def act(name, number, *entries):
    made = drafted((name,), entries, sequence=number, at=AT, why="x")
    return [signed(made, START.hash, name, KEY, entries), *entries]


def fill(path, blocks=BLOCKS, each=EACH, until=None):
    """Keep a history as a follower would have it, from where a file ends; hashes by the header."""
    storage, head, edge = open_storage(path, writable=True, wait_s=1.0), START, Edge()
    last = storage.last_block()
    for entries in islice(history(blocks, each), until):
        bodies = [canonical(entry) for entry in entries]
        leaves = [leaf_hash(body) for body in bodies]
        grown = subtree_rows(edge.extend(leaves))
        height, sealer = head.height + 1, padded(KEY.address) + bytes(32)
        fields = height, AT, f"b/{height}", head.size, len(bodies), edge.root(), head.hash
        subtrees = b"".join(edge.subtrees)
        block = Block(*fields, Block(*fields, b"", b"", b"").content_hash(), sealer, subtrees)
        rows = [
            EntryRow(head.size + place, height, body, leaf)
            for place, (body, leaf) in enumerate(zip(bodies, leaves, strict=True))
        ]
        head = block.head()
        if last is None or height > last.height:
            with storage.transaction():
                storage.append(block, rows, grown)
    storage.close()


class Opened:
    """A follower of a file, the blocks that it folded, and the state that it came to."""

    def __init__(self, path, monkeypatch):
        self.folded, stored = [], Fold.stored

        def counting(fold, block, rows):
            self.folded.append(block.height)
            return stored(fold, block, rows)

        storage = open_storage(path, writable=True, wait_s=1.0)
        self.follower = Follower(NODE, FRONT, storage, START, 0)
        with monkeypatch.context() as patched:
            patched.setattr(Fold, "stored", counting)
            self.state = self.follower.admission.state
        self.storage = storage

    def fresh(self):
        """A fold of all that is kept, from the first block."""
        fold = Fold(START)
        for block in self.storage.blocks():
            fold.stored(block, self.storage.entry_rows(block.first_index, block.size))
        return fold


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "EVERY", 10)
    fill(tmp_path / "ledger.db")
    return tmp_path / "ledger.db"


@pytest.fixture
def opened(path, monkeypatch):
    made = []

    def again():
        made.append(Opened(path, monkeypatch))
        return made[-1]

    yield again
    for each in made:
        each.storage.close()


def altered(path, statement, *values):
    with sqlite3.connect(path) as db:
        db.execute(statement, values)
    db.close()


def test_a_snapshot_is_taken_up_where_it_ends(opened, path):
    first = opened()
    assert first.folded == ALL
    first.storage.close()
    again = opened()
    assert again.folded == []
    assert frozen(again.state) == frozen(first.state) == frozen(again.fresh().admission.state)
    assert again.state.balances.at(("eur", "bob"), 0) == (BLOCKS - 3) * sum(range(1, EACH + 1))
    assert again.follower._folded().head == again.fresh().head
    again.follower.check(again.fresh())


def test_only_what_came_after_is_folded(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "EVERY", 10)
    path = tmp_path / "ledger.db"
    fill(path, until=5)
    Opened(path, monkeypatch).storage.close()
    fill(path)
    again = Opened(path, monkeypatch)
    assert again.folded == [6, 7, 8]
    assert frozen(again.state) == frozen(again.fresh().admission.state)
    again.storage.close()
    assert [height for height, _ in snapshots(path)] == [5, 8]


def snapshots(path):
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT height, state FROM snapshots ORDER BY height").fetchall()
    db.close()
    return found


@pytest.mark.parametrize("column", ["state", "block_hash", "signature"])
@pytest.mark.parametrize("part", [0, 0.31, 0.77, 0.999])
def test_a_damaged_snapshot_is_not_believed(opened, path, column, part):
    whole = opened()
    whole.storage.close()
    with sqlite3.connect(path) as db:
        (data,) = db.execute(f"SELECT {column} FROM snapshots").fetchone()  # noqa: S608
    db.close()
    wrong = bytearray(data)
    wrong[int(part * len(data))] ^= 1
    altered(path, f"UPDATE snapshots SET {column} = ?", bytes(wrong))  # noqa: S608
    again = opened()
    assert again.folded == ALL
    assert frozen(again.state) == frozen(whole.state)


@pytest.mark.parametrize("moved", [-1, 1])
def test_a_snapshot_of_another_block_is_not_believed(opened, path, moved):
    opened().storage.close()
    altered(path, "UPDATE snapshots SET height = height + ?", moved)
    assert opened().folded == ALL


def test_a_damaged_block_under_a_snapshot_is_named(opened, path):
    opened().storage.close()
    altered(path, "DROP TRIGGER blocks_no_update")
    altered(path, "UPDATE blocks SET at = at + 1 WHERE height = ?", BLOCKS)
    with pytest.raises(LedgerDamaged, match=f"block {BLOCKS}: "):
        opened()


def test_a_forged_snapshot_is_found_when_all_is_recomputed(opened, path):
    """Whoever writes in the folder can make a digest; not a chain that agrees."""
    opened().storage.close()
    ((height, data),) = snapshots(path)
    state = thawed(data)
    state.balances.rows["eur", "bob"] += 1
    with sqlite3.connect(path) as db:
        (block_hash,) = db.execute("SELECT block_hash FROM snapshots").fetchone()
    db.close()
    digest = bound(_message(height, following.KIND, block_hash, frozen(state)))
    altered(path, "UPDATE snapshots SET state = ?, signature = ?", frozen(state), digest)
    again = opened()
    assert again.folded == []
    with pytest.raises(LedgerDamaged, match="is not what its entries come to; delete it"):
        again.follower.check(again.fresh())
