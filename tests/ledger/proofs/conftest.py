"""A ledger with anchors of every kind, and proofs from it."""

import numpy as np
import pytest

from gridpact.ledger import leaves as lv
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import AgreementSigned, TermsCommitted
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import Tree, leaf_hash
from gridpact.ledger.proofs.making import of_entry, of_leaf
from gridpact.ledger.proofs.model import Opened, Terms

MEMBERS = [f"m{place}" for place in range(11)]
DAY = "2026-06-15"
SHAPES = {"readings": (3, 4), "schedules": (4,), "executions": (2, 4), "statements": (3, 2)}
SECRETS = lv.demonstration_secrets(7, MEMBERS)
TERMS = [bytes([place]) * 32 for place in range(5)]
ROW = 6


def values_of(kind):
    """Numbers of all members, some negative."""
    shape = (len(MEMBERS), *SHAPES[kind])
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64)
    return numbers.reshape(shape) * 1_000_003 - 20_000_000


def opened_leaf(kind, row):
    body = lv.LeafBody(kind, MEMBERS[row], DAY, values_of(kind)[row])
    return Opened(lv.salt(SECRETS[MEMBERS[row]], kind, MEMBERS[row], DAY), lv.encode(body))


@pytest.fixture(scope="session")
def values():
    """The numbers that are proved, by kind."""
    return {kind: values_of(kind)[ROW] for kind in SHAPES}


@pytest.fixture(scope="session")
def opened():
    return opened_leaf


@pytest.fixture(scope="session")
def trees():
    return {
        kind: Tree(map(leaf_hash, lv.leaves(kind, DAY, MEMBERS, SECRETS, values_of(kind))))
        for kind in SHAPES
    }


@pytest.fixture(scope="session")
def ledger(trees):
    terms = Tree(map(leaf_hash, TERMS))
    with LocalLedger(":memory:", demonstration_key(7)) as ledger:
        for at, (kind, tree) in enumerate(trees.items()):
            anchor = RootAnchored(kind, "operator", DAY, len(tree), tree.root())
            ledger.commit(f"{kind}/{DAY}", [anchor], 1_781_500_000 + at)
        committed = TermsCommitted("day-ahead/2026-06-15", len(TERMS), terms.root())
        signed = AgreementSigned("lease", 1, bytes(range(32)), bytes(range(32, 64)))
        ledger.commit("terms/1", [committed, signed], 1_781_500_010)
        yield ledger


@pytest.fixture(scope="session")
def proofs(ledger, trees):
    """Proofs by name: a leaf of each kind, the terms of a contract, an entry."""
    found = {
        kind: of_leaf(ledger, place, trees[kind], ROW, opened_leaf(kind, ROW))
        for place, kind in enumerate(SHAPES)
    }
    terms = Tree(map(leaf_hash, TERMS))
    found["terms"] = of_leaf(ledger, 4, terms, 2, Terms(TERMS[2]))
    found["entry"] = of_entry(ledger, 5)
    return found
