"""The local ledger against a plain list and the recursive definition of the tree."""

import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gridpact.ledger.entries import canonical
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import verify_consistency, verify_inclusion
from gridpact.ledger.port import Receipt, Refused

KEY = demonstration_key(7)
GOOD = [
    *(ParticipantAuthorised(name, "prosumer") for name in ("ada", "bob")),
    *(RootAnchored("readings", "c", str(day), 5, bytes([day] * 32)) for day in range(3)),
    *(NetSettled(str(day), "EUR", (("ada", -day), ("bob", day))) for day in range(3)),
]
BAD = [
    NetSettled("p", "EUR", (("ada", 1),)),
    ParticipantAuthorised("", "prosumer"),
    RootAnchored("else", "c", "p", 1, bytes(32)),
]
batches = st.lists(st.sampled_from(GOOD), min_size=1, max_size=5)
keys = st.sampled_from([f"key/{place}" for place in range(12)])


def mth(bodies):
    if len(bodies) < 2:
        return sha256(b"".join(b"\0" + body for body in bodies)).digest()
    k = 1 << (len(bodies) - 1).bit_length() - 1
    return sha256(b"\1" + mth(bodies[:k]) + mth(bodies[k:])).digest()


class LedgerAgainstList(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.listed, self.committed, self.heads = [], {}, []
        self.make()
        self.open()

    def make(self):
        self.folder = Path(tempfile.mkdtemp())

    def open(self):
        self.ledger = LocalLedger(self.folder / "ledger.db", KEY)

    def remove(self):
        shutil.rmtree(self.folder)

    def teardown(self):
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.remove()

    @rule(key=keys, entries=batches, at=st.integers(-(2**63) + 1, 2**63 - 1))
    def commit(self, key, entries, at):
        answer = self.ledger.commit(key, entries, at)
        if key in self.committed:
            known, receipt = self.committed[key]
            expected = receipt if known == entries else None
        else:
            self.listed += entries
            expected = Receipt(
                len(self.committed) + 1,
                len(self.listed) - len(entries),
                len(entries),
                mth([canonical(entry) for entry in self.listed]),
                self.ledger.head().hash,
            )
            self.committed[key] = entries, expected
            self.heads.append(self.ledger.head())
        assert answer == expected if expected else isinstance(answer, Refused)

    @precondition(lambda self: self.committed)
    @rule(data=st.data(), at=st.integers(0, 9))
    def repeat(self, data, at):
        key = data.draw(st.sampled_from(sorted(self.committed)))
        entries, receipt = self.committed[key]
        assert self.ledger.commit(key, entries, at) == receipt

    @rule(key=keys, entries=batches, bad=st.sampled_from(BAD), data=st.data())
    def refuse(self, key, entries, bad, data):
        entries.insert(data.draw(st.integers(0, len(entries))), bad)
        answer = self.ledger.commit(key, entries, 0)
        assert isinstance(answer, Refused)
        assert answer.faults

    @rule(start=st.integers(-3, 30), stop=st.none() | st.integers(-3, 30))
    def read(self, start, stop):
        assert self.ledger.entries(start, stop) == self.listed[start:stop]

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def prove(self, data):
        index = data.draw(st.integers(0, len(self.listed) - 1))
        proof = self.ledger.prove(index)
        leaf = sha256(b"\0" + canonical(self.listed[index])).digest()
        root = mth([canonical(entry) for entry in self.listed])
        assert (proof.leaf, proof.root) == (leaf, root)
        assert verify_inclusion(leaf, index, len(self.listed), proof.path, root)

    @precondition(lambda self: self.heads)
    @rule(data=st.data())
    def only_grew(self, data):
        seen = data.draw(st.sampled_from(self.heads))
        growth = self.ledger.prove_growth(seen.size)
        assert verify_consistency(seen.size, seen.root, growth.size, growth.root, growth.path)
        assert self.ledger.verify(seen) == self.heads[-1]

    @rule()
    def reopen(self):
        self.ledger.close()
        self.open()

    @invariant()
    def head_is_the_lists(self):
        if not hasattr(self, "ledger"):
            return
        head = self.ledger.head()
        assert (head.height, head.size) == (len(self.committed), len(self.listed))
        assert head.root == mth([canonical(entry) for entry in self.listed])


TestLedgerAgainstList = LedgerAgainstList.TestCase
TestLedgerAgainstList.settings = settings(deadline=None, max_examples=60, stateful_step_count=25)


def test_the_same_over_postgres(postgres):
    class OverPostgres(LedgerAgainstList):
        def make(self):
            self.address = postgres.address()

        def open(self):
            self.ledger = LocalLedger(self.address, KEY)

        def remove(self):
            postgres.run(f"DROP SCHEMA {self.address.partition('schema=')[2]} CASCADE")

    few = settings(deadline=None, max_examples=12, stateful_step_count=15)
    run_state_machine_as_test(OverPostgres, settings=few)
