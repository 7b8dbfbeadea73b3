"""A root of roots: an entry of one community is proved up to it, and no ledger shrinks."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.ledger.evm import shards
from gridpact.ledger.evm.shards import Epoch, Shard
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.merkle import Tree, leaf_hash
from gridpact.ledger.port import Growth, Proof


class Community:
    """A community's ledger as far as shards see it."""

    def __init__(self, name, size):
        self.name = name
        self.tree = Tree(leaf_hash(f"{name} {number}".encode()) for number in range(size))

    def shard(self, size=None):
        made = size or len(self.tree)
        return Shard(self.name, made, self.tree.root(made), leaf_hash(f"block {made}".encode()))

    def proof(self, index):
        leaf = self.tree.node(0, index)
        path = self.tree.inclusion(index)
        return Proof(index, leaf, len(self.tree), path, self.tree.root())

    def growth(self, old):
        path = self.tree.consistency(old)
        return Growth(old, len(self.tree), path, self.tree.root())


@pytest.fixture
def anchor(chain):
    def call(epoch):
        where = chain.shards
        for batch in epoch.batches():
            signed = chain.signed(batch.digest(where.domain()))
            receipt = where.send("anchor", batch.rows, batch.last, signed, by=9)
        return receipt

    return call


@pytest.mark.parametrize("count", [1, 3, 7, pytest.param(65, marks=pytest.mark.slow)])
def test_the_root_on_chain_is_the_one_that_proofs_lead_to(chain, anchor, count):
    epoch = Epoch(
        1, [Community(f"lane-{number}", 3 + number % 5).shard() for number in range(count)]
    )
    receipt = anchor(epoch)
    assert chain.shards.ask("root_of", 1) == epoch.root
    assert chain.shards.ask("count_of", 1) == count
    assert chain.shards.ask("epoch") == 1
    *_, (name, sealed) = chain.shards.events(receipt)
    assert (name, sealed) == ("Sealed", {"epoch": 1, "count": count, "root": epoch.root})


def test_a_proof_reaches_from_an_entry_to_the_root_of_roots():
    lanes = [Community(f"lane-{number}", 4 + number) for number in range(9)]
    epoch = Epoch(3, [lane.shard() for lane in lanes])
    for lane in lanes:
        proof = epoch.prove(lane.name, lane.proof(3))
        again = shards.from_bytes(shards.to_bytes(proof))
        assert shards.flaws(again, epoch.root, 9, leaf_hash(f"{lane.name} 3".encode())) == []
        assert shards.flaws(again, epoch.root, 9, leaf_hash(b"other")) == [
            "the proof is of another entry"
        ]
    with pytest.raises(ValueError, match="no head in epoch 3"):
        epoch.prove("elsewhere", lanes[0].proof(0))
    with pytest.raises(ValueError, match="not of lane-1's root"):
        epoch.prove("lane-1", lanes[2].proof(0))


@settings(max_examples=60)
@given(data=st.data())
def test_no_altered_proof_holds(data):
    lanes = [Community(f"lane-{number}", 6) for number in range(5)]
    epoch = Epoch(3, [lane.shard() for lane in lanes])
    proof = epoch.prove("lane-2", lanes[2].proof(4))
    plain = msgspec.to_builtins(proof, builtin_types=(bytes,))
    part = data.draw(st.sampled_from(["epoch", "place", "count", "path", "entry", "shard"]))
    spoilt = {**plain, part: _spoilt(plain[part], data.draw)}
    found = msgspec.convert(spoilt, shards.ShardProof)
    assert found == proof or shards.flaws(found, epoch.root, 5)


def _spoilt(value, draw):
    """Change one place of a value."""
    if isinstance(value, dict):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: _spoilt(value[name], draw)}
    if isinstance(value, int):
        return value + draw(st.sampled_from([-1, 1, 2**64]))
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, bytes):
        place = draw(st.integers(0, len(value) - 1))
        return value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
    if draw(st.booleans()):
        return value[:-1]
    place = draw(st.integers(0, len(value) - 1))
    return [*value[:place], _spoilt(value[place], draw), *value[place + 1 :]]


def test_a_communitys_ledger_may_only_grow(chain, anchor, refused):
    lane, mill = Community("lane", 9), Community("mill", 4)
    anchor(Epoch(1, [lane.shard(5), mill.shard()]))
    with refused("shorter"):
        anchor(Epoch(2, [lane.shard(4)]))
    with refused("another history"):
        anchor(Epoch(2, [Shard("lane", 5, bytes(32), bytes(32))]))
    anchor(Epoch(2, [lane.shard()]))  # mill has nothing new, and is left out
    anchor(Epoch(3, [lane.shard(), mill.shard()]))
    assert chain.shards.ask("last", id_of("lane")) == (3, 9, lane.tree.root())
    assert shards.grew(lane.shard(5), lane.shard(), lane.growth(5))
    forked = Community("lane", 0)
    forked.tree = Tree(leaf_hash(b"other") for _ in range(9))
    assert not shards.grew(lane.shard(5), forked.shard(), forked.growth(5))
    assert not shards.grew(mill.shard(), lane.shard(), lane.growth(4))
    assert not shards.grew(lane.shard(5), lane.shard(), lane.growth(4))


def test_heads_are_anchored_by_a_quorum_once_in_their_epoch(chain, anchor, refused):
    (batch,) = Epoch(1, [Community("lane", 5).shard()]).batches()
    where = chain.shards
    digest = batch.digest(where.domain())
    for arguments, keys in (
        ((batch.rows, True), chain.keys[:2]),
        ((batch.rows, True), chain.keys[2:6]),
        ((batch.rows, False), None),
        ((batch.rows * 2, True), None),
        (([], True), None),
    ):
        with refused("council"):
            where.send("anchor", *arguments, chain.signed(digest, keys))
    signed = chain.signed(digest)
    where.send("anchor", batch.rows, True, signed)
    with refused("council"):  # what was signed for one epoch counts in no other
        where.send("anchor", batch.rows, True, signed)
    twice = batch._replace(epoch=2, shards=batch.shards * 2)
    with refused("twice"):
        where.send("anchor", twice.rows, True, chain.signed(twice.digest(where.domain())))
    assert where.ask("epoch") == 1


def test_a_successor_goes_on_where_the_retired_contract_stopped(chain, anchor, beside, refused):
    old, lane = chain.shards, Community("lane", 9)
    anchor(Epoch(1, [lane.shard(5)]))
    place, ledger = bytes.fromhex(old.address[2:]), chain.keys[8].address
    with refused("predecessor runs"):
        chain.deploy("Shards", chain.members, 3, bytes(20), place)
    decided = chain.deploy("Shards", chain.members, 3, ledger, bytes(20))
    first, later, shrunk = (
        Epoch(number, [lane.shard(size)]) for number, size in ((1, 5), (2, 9), (2, 4))
    )

    def send(where, epoch):
        (batch,) = epoch.batches()
        signed = chain.signed(batch.digest(where.domain()))
        where.send("anchor", batch.rows, True, signed)

    send(decided, first)
    decided.send("govern", 3, bytes(20), 0, [], by=8)
    with refused("stopped"):
        send(decided, later)
    place = bytes.fromhex(decided.address[2:])
    new = chain.deploy("Shards", chain.members, 3, bytes(20), place)
    with refused("shorter"):
        send(new, shrunk)
    send(new, later)
    assert (new.ask("epoch"), new.ask("root_of", 2)) == (2, later.root)
    assert decided.ask("root_of", 1) == first.root


def test_heads_that_no_epoch_takes_are_refused_with_every_fault():
    wrong = [Shard("a", -1, b"", b""), Shard("a", 1, bytes(32), bytes(32)), Shard("", 0, b"", b"")]
    with pytest.raises(BadInput) as error:
        Epoch(0, wrong)
    assert len(error.value.faults) == 6


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 5_000, b'{"gridpact":"shard/1"}', b"\xff"])
def test_files_that_are_no_proofs_are_refused(data):
    with pytest.raises(BadInput):
        shards.from_bytes(data)
