"""Whoever is erased: nothing of theirs can be recomputed, and all others' proofs hold."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput, StoreError
from gridpact.ledger import leaves as lv
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.participants import SubjectErased
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import Tree, leaf_hash
from gridpact.ledger.port import Receipt, Refused
from gridpact.ledger.privacy.personal import Datum, unsalted
from gridpact.ledger.privacy.scan import scan
from gridpact.ledger.proofs import files
from gridpact.ledger.proofs.checking import check
from gridpact.ledger.proofs.making import of_leaf
from gridpact.ledger.spaces.custody import Custody
from gridpact.ledger.spaces.erasure import (
    CustodyCopy,
    Kept,
    SpaceFolder,
    Step,
    erase,
    unfinished,
)
from gridpact.ledger.spaces.space import Space

MEMBERS = ["ada", "bob", "cyd", "dee"]
DAYS = ["2026-06-15", "2026-06-16"]
SECRETS = lv.demonstration_secrets(7, MEMBERS)


def bodies(member):
    for at, day in enumerate(DAYS):
        values = np.arange(12, dtype=np.int64).reshape(3, 4) * (7 + at) + len(member) * ord(
            member[0]
        )
        yield lv.LeafBody("readings", member, day, values)


def community(folder):
    """Spaces with data and proofs, the operator's copies of secrets, and a run's ledger."""
    custody = Custody(folder / "operator")
    spaces = {name: Space.create(folder / name, name, SECRETS[name]) for name in MEMBERS}
    for name, space in spaces.items():
        custody.take(space)
        for body in bodies(name):
            space.keep_leaf(body)
    with LocalLedger(folder / "ledger.db", demonstration_key(7)) as ledger:
        trees = []
        for day in DAYS:
            opened = [space.opened("readings", day).data() for space in spaces.values()]
            trees.append(Tree(map(leaf_hash, opened)))
            entry = RootAnchored("readings", "operator", day, 4, trees[-1].root())
            ledger.commit(f"readings/{day}", [entry], 10)
        for row, space in enumerate(spaces.values()):
            for index, day in enumerate(DAYS):
                proof = of_leaf(ledger, index, trees[index], row, space.opened("readings", day))
                space.keep_proof(day, proof)
    return custody


def stores(folder, name):
    return [SpaceFolder(folder / name), CustodyCopy(Custody(folder / "operator"))]


def personal(names):
    """Everything by which leaves could be recomputed or told."""
    for name in names:
        yield Datum("secret", name, SECRETS[name])
        for body in bodies(name):
            yield from unsalted(body)
            yield Datum("salt", name, lv.salt(SECRETS[name], body.kind, name, body.period))


def proofs_of(folder, name):
    return [files.read(path) for path in sorted((folder / name / "proofs").glob("*.proof"))]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chosen=st.sets(st.sampled_from(MEMBERS)))
def test_any_are_erased_and_the_others_proofs_hold(chosen, tmp_path_factory):
    folder, authority = tmp_path_factory.mktemp("erased"), demonstration_key(7)
    community(folder)
    for name in sorted(chosen):
        done = erase(name, stores(folder, name), folder / "erasures")
        assert done.entry == SubjectErased(name)
        assert [step.store for step in done.steps] == ["space", "custody"]
        assert [step.destroyed for step in done.steps] == [7, 1]
    with LocalLedger(folder / "ledger.db", authority) as ledger:
        assert ledger.verify().size == len(DAYS)
    report = scan(list(personal(chosen)), [folder], sorted(chosen))
    assert report.findings == ()
    left = [name for name in MEMBERS if name not in chosen]
    for name in left:
        assert scan(list(personal([name])), [folder]).findings  # the search does find what is there
        proofs = proofs_of(folder, name)
        assert len(proofs) == 2
        assert all(check(proof, authority=authority.public).holds for proof in proofs)
    assert sorted(Custody(folder / "operator").secrets()) == left


def test_an_erasure_is_recorded_on_a_ledger_of_authorities(tmp_path, founded):
    community(tmp_path)
    ledger, act = founded(tmp_path / "authorities.db")
    done = erase("ada", stores(tmp_path, "ada"), tmp_path / "erasures")
    assert isinstance(act(done.entry), Receipt)
    assert ledger.entries()[-1] == SubjectErased("ada")
    assert isinstance(act(done.entry), Refused)
    ledger.verify()
    ledger.close()


def test_an_erasure_that_is_done_is_told_again_and_does_nothing(tmp_path):
    community(tmp_path)
    first = erase("ada", stores(tmp_path, "ada"), tmp_path / "erasures")
    assert erase("ada", stores(tmp_path, "ada"), tmp_path / "erasures") == first
    assert unfinished(tmp_path / "erasures") == []


class Broken:
    name = "broken"
    failing = True

    def erase(self, subject):
        if self.failing:
            raise StoreError("the disk is full")
        return Step(self.name, 3, (Kept("invoices", "2036-12-31", "tax law"),))


def test_after_an_error_it_goes_on_where_it_stopped(tmp_path):
    community(tmp_path)
    broken = Broken()
    several = [*stores(tmp_path, "ada"), broken]
    with pytest.raises(StoreError, match="disk is full"):
        erase("ada", several, tmp_path / "erasures")
    (left,) = unfinished(tmp_path / "erasures")
    assert (left.subject, left.pending) == ("ada", ("broken",))
    with pytest.raises(BadInput, match="go on with the stores space, custody, broken"):
        erase("ada", several[:1], tmp_path / "erasures")
    broken.failing = False
    done = erase("ada", several, tmp_path / "erasures")
    assert [step.destroyed for step in done.steps] == [7, 1, 3]
    assert done.kept == (Kept("invoices", "2036-12-31", "tax law"),)


def test_what_is_asked_for_wrongly_changes_nothing(tmp_path):
    community(tmp_path)
    for subject, several in (("Ada!", 2), ("ada", 0)):
        with pytest.raises(BadInput):
            erase(subject, stores(tmp_path, "ada")[:several], tmp_path / "erasures")
    with pytest.raises(StoreError, match="is not bob's"):
        erase("bob", stores(tmp_path, "ada"), tmp_path / "erasures")
    assert Space.open(tmp_path / "ada").secret() == SECRETS["ada"]


KILLED = """
import os, signal, sys
from pathlib import Path
from gridpact.ledger.spaces.custody import Custody
from gridpact.ledger.spaces.erasure import CustodyCopy, SpaceFolder, erase

folder, left = Path(sys.argv[1]), int(sys.argv[2])

def counted(call):
    def some(*given, **more):
        global left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return call(*given, **more)
    return some

for name in ("fsync", "unlink", "rmdir", "replace"):
    setattr(os, name, counted(getattr(os, name)))
stores = [SpaceFolder(folder / "ada"), CustodyCopy(Custody(folder / "operator"))]
erase("ada", stores, folder / "erasures")
print("done with", left)
"""


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 9, 14, 20, 26, 30])
def test_killed_at_any_write_it_is_finished_by_doing_it_again(after, tmp_path):
    community(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(after)], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    result = erase("ada", stores(tmp_path, "ada"), tmp_path / "erasures")
    assert result.entry == SubjectErased("ada")
    assert not (tmp_path / "ada").exists()
    assert scan(list(personal(["ada"])), [tmp_path]).findings == ()
    assert len(proofs_of(tmp_path, "bob")) == 2
    assert [each.name for each in (tmp_path / "erasures").iterdir()] == ["ada.json"]
