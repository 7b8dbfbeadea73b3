import itertools
import json
import shutil

import msgspec
import pytest

from gridpact.base.errors import BadInput, LedgerDamaged
from gridpact.ledger.acts import drafted, signed
from gridpact.ledger.chain import seal
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.founding import AuthorityAdded, AuthorityRemoved, LedgerFounded
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import Edge
from gridpact.ledger.port import Head
from gridpact.ledger.witness import forks, heads
from gridpact.ledger.witness.witness import Witness

FOUNDER, OTHER = demonstration_key(3, "auth-a"), demonstration_key(3, "auth-b")
KEYS = {name: demonstration_key(4, name) for name in ("bakery", "dso")}
AT = 1_000_000


class Lane:
    """A ledger of one or two authorities that admits people."""

    def __init__(self, place):
        self.place, self.names = place, itertools.count()
        with self.open() as ledger:
            ledger.commit("founded", [LedgerFounded((("auth-a", FOUNDER.public.raw),), 1, 300)], AT)

    def open(self, sealer=FOUNDER):
        return LocalLedger(self.place, FOUNDER.public, name="lane", sealer=sealer)

    def act(self, *entries, sealer=FOUNDER):
        with self.open(sealer) as ledger:
            sequence = ledger.state().sequences.at("auth-a", 0) + 1
            act = drafted(["auth-a"], entries, sequence=sequence, at=AT, why="x")
            act = signed(act, ledger.genesis, "auth-a", FOUNDER)
            answer = ledger.commit(f"key/{sequence}", [act, *entries], AT)
            assert answer.height == ledger.head().height, answer

    def admit(self, name=None, **how):
        self.act(ParticipantAuthorised(name or f"home-{next(self.names)}", "prosumer"), **how)

    def fork(self, place):
        """The same ledger up to here, in another file, where its keeper goes on otherwise."""
        shutil.copy(self.place, place)
        found = object.__new__(Lane)
        found.place, found.names = place, itertools.count(100)
        return found


@pytest.fixture
def lane(tmp_path):
    found = Lane(tmp_path / "lane.db")
    found.admit()
    return found


@pytest.fixture
def witness(tmp_path):
    def make(name):
        return Witness(tmp_path / name, name, KEYS[name])

    return make


def follow(who, lane):
    with lane.open() as ledger:
        return who.follow(ledger)


def test_a_witness_signs_what_follows_from_what_it_saw(lane, witness, tmp_path):
    bakery = witness("bakery")
    assert follow(bakery, lane).blocks == 2
    assert follow(bakery, lane).blocks == 0
    for _ in range(3):
        lane.admit()
    found = follow(witness("bakery"), lane)  # opened anew it goes on where it stood
    assert (found.blocks, found.holds) == (3, True)
    assert heads.flaws(found.head) == []
    heads.write(tmp_path / "head.json", found.head)
    assert heads.read(tmp_path / "head.json") == found.head
    with lane.open() as ledger:
        assert found.head.header.tree_root == ledger.head().root.hex()


def test_authorities_that_come_and_go_are_followed(lane, witness):
    bakery = witness("bakery")
    lane.act(AuthorityAdded("auth-b", OTHER.public.raw))
    lane.admit(sealer=OTHER)
    found = follow(bakery, lane)
    assert found.head.sealer == str(OTHER.public)
    lane.act(AuthorityRemoved("auth-b"))
    assert follow(witness("bakery"), lane).holds


def test_a_fork_shown_to_two_is_proved(lane, witness, tmp_path):
    bakery, dso = witness("bakery"), witness("dso")
    other = lane.fork(tmp_path / "other.db")
    lane.admit("home-a")
    other.admit("home-b")
    other.admit("home-c")
    mine, theirs = follow(bakery, lane), follow(dso, other)
    assert mine.holds
    assert theirs.holds
    with pytest.raises(BadInput, match="follow the ledger up to block 4"):
        bakery.meet(theirs.head)
    fork = dso.meet(mine.head)
    assert forks.refutations(fork) == []
    assert {fork.one.header.height, fork.other.header.height} == {3}
    forks.write(tmp_path / "fork.json", fork)
    assert forks.read(tmp_path / "fork.json") == fork
    assert "seen by bakery" in "\n".join(forks.told(fork))
    assert bakery.meet(dso.at(2)) is None  # before it they agree


def test_a_fork_shown_to_one_who_saw_more_is_proved_at_its_first_block(lane, witness, tmp_path):
    bakery = witness("bakery")
    other = lane.fork(tmp_path / "other.db")
    for _ in range(5):
        lane.admit()
    assert follow(bakery, lane).holds
    for _ in range(7):
        other.admit()
    found = follow(bakery, other)
    assert not found.holds
    assert found.blocks == 0
    assert found.fork.one.header.height == found.fork.other.header.height == 3
    assert forks.refutations(found.fork) == []
    assert follow(bakery, lane).holds  # what it keeps is what it saw first


def test_a_ledger_cut_short_is_told_and_no_proof(lane, witness, tmp_path):
    bakery, short = witness("bakery"), lane.fork(tmp_path / "short.db")
    lane.admit()
    follow(bakery, lane)
    found = follow(bakery, short)
    assert (found.fork, found.holds) == (None, False)
    assert "ends at block 2, and block 3 was seen" in found.told


def test_what_is_new_and_does_not_hold_is_not_signed(lane, witness):
    class Bent:
        """Shows the ledger with one entry changed."""

        def __init__(self, ledger):
            self._ledger = ledger

        def __getattr__(self, name):
            return getattr(self._ledger, name)

        def rows(self, block):
            found = self._ledger.rows(block)
            body = found[-1].body.replace(b"prosumer", b"operator")
            return [*found[:-1], msgspec.structs.replace(found[-1], body=body)]

    bakery = witness("bakery")
    with lane.open() as ledger, pytest.raises(LedgerDamaged, match="does not match its hash"):
        bakery.follow(Bent(ledger))
    assert bakery.latest() is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("signature", "00" * 64, "is not by the witness bakery"),
        ("sealer", str(OTHER.public), "its signature is not by"),
        ("genesis", "00" * 32, "is not by the witness"),
        ("witness", 7, "is no head"),
    ],
)
def test_a_head_that_does_not_hold_is_refused(lane, witness, tmp_path, field, value, words):
    heads.write(tmp_path / "head.json", follow(witness("bakery"), lane).head)
    fields = json.loads((tmp_path / "head.json").read_text())
    (tmp_path / "head.json").write_text(json.dumps({**fields, field: value}))
    with pytest.raises(BadInput, match=words):
        heads.read(tmp_path / "head.json")


def test_nobody_can_accuse_a_ledger_with_a_key_of_his_own(lane, witness, tmp_path):
    """Whoever is no authority can make blocks as he likes: they prove nothing."""
    bakery = witness("bakery")
    follow(bakery, lane)
    with lane.open() as ledger:
        honest, block = bakery.at(2), ledger.block(2)
    liar = demonstration_key(9, "liar")
    edge = Edge(1, [bytes(32)])
    edge.append(bytes(32))
    before = Head(1, 1, bytes(32), bytes.fromhex(honest.header.prev_hash))
    made = seal(liar, before, edge, "x", block.at)
    ledger_of = heads.Ledger(bytes.fromhex(honest.genesis), FOUNDER.public)
    lie = heads.cosign(ledger_of, made, liar.public, "dso", KEYS["dso"])
    assert heads.flaws(lie) == []
    with pytest.raises(BadInput, match="no authority of this ledger has that key"):
        bakery.meet(lie)


def test_another_ledger_is_not_mixed_in(lane, witness, tmp_path):
    bakery = witness("bakery")
    follow(bakery, lane)
    with (
        LocalLedger(tmp_path / "x.db", OTHER, name="x") as other,
        pytest.raises(BadInput, match="is of another ledger"),
    ):
        bakery.follow(other)


def test_a_crash_between_the_two_files_loses_nothing(lane, witness, tmp_path):
    follow(witness("bakery"), lane)
    before = (tmp_path / "bakery" / "latest.json").read_bytes()
    lane.admit()
    follow(witness("bakery"), lane)
    (tmp_path / "bakery" / "latest.json").write_bytes(before)
    with (tmp_path / "bakery" / "headers.jsonl").open("ab") as file:
        file.write(b'[[4,"half')
    lane.admit()
    found = follow(witness("bakery"), lane)
    assert (found.blocks, found.holds) == (2, True)
    assert follow(witness("bakery"), lane).blocks == 0
