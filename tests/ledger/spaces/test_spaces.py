"""A member's space keeps its secret, its data and its proofs, and opens one leaf at a time."""

import os
import subprocess
import sys

import numpy as np
import pytest

from gridpact.base.errors import BadInput, StoreError
from gridpact.ledger import leaves as lv
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import Tree, leaf_hash
from gridpact.ledger.proofs.making import of_leaf
from gridpact.ledger.spaces.custody import Custody
from gridpact.ledger.spaces.destroying import destroy, destroy_folder, replace
from gridpact.ledger.spaces.space import Space

SECRET = bytes(range(32))
BODY = lv.LeafBody("readings", "ada", "2026-06-15", np.arange(6, dtype=np.int64).reshape(3, 2))


@pytest.fixture
def space(tmp_path):
    return Space.create(tmp_path / "ada", "ada", SECRET)


def test_the_secret_is_its_owners_alone(space):
    assert (space.folder / "secret.key").stat().st_mode & 0o777 == 0o600
    assert space.folder.stat().st_mode & 0o777 == 0o700
    assert Space.open(space.folder).secret() == SECRET
    (space.folder / "secret.key").chmod(0o644)
    with pytest.raises(StoreError, match="open to others"):
        space.secret()


def test_a_kept_leaf_is_opened_as_the_operator_salts_it(space):
    space.keep_leaf(BODY)
    made = lv.leaves("readings", "2026-06-15", ["ada"], {"ada": SECRET}, BODY.values[None])
    opened = space.opened("readings", "2026-06-15")
    assert opened.data() == made[0]
    other = lv.LeafBody("readings", "bob", "2026-06-15", BODY.values)
    with pytest.raises(StoreError, match="is ada's, not bob's"):
        space.keep_leaf(other)
    with pytest.raises(StoreError, match="No such file"):
        space.leaf("readings", "2026-06-16")


def test_periods_with_slashes_have_files_of_their_own(space):
    for period in ("day-ahead/1", "day-ahead%2F1", "day-ahead:1"):
        space.keep_leaf(BODY._replace(period=period))
        assert space.leaf("readings", period).period == period
    assert len(list((space.folder / "leaves").iterdir())) == 3


def test_every_fault_of_a_new_space_is_told_at_once(tmp_path, space):
    with pytest.raises(BadInput) as caught:
        Space.create(space.folder, "Ada L", b"short")
    assert [f.where for f in caught.value.faults] == ["", "secret", "subject"]
    assert space.secret() == SECRET
    with pytest.raises(BadInput):
        Space.open(tmp_path)
    (space.folder / "space.yaml").write_text("gridpact: space/1\nsubject: ada\nmore: 1\n")
    with pytest.raises(BadInput, match="other keys"):
        Space.open(space.folder)


def test_the_operator_holds_only_what_it_was_let(tmp_path, space):
    custody = Custody(tmp_path / "secrets")
    assert custody.secrets() == {}
    custody.take(space)
    assert custody.secrets() == {"ada": SECRET}
    assert (tmp_path / "secrets" / "ada.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreError, match="exists already"):
        custody.take(space)
    assert custody.give_back("ada")
    assert not custody.give_back("ada")
    assert custody.secrets() == {}
    assert space.secret() == SECRET


def test_a_destroyed_file_is_overwritten_before_it_goes(tmp_path):
    file, other = tmp_path / "a", tmp_path / "same bytes"
    file.write_bytes(b"secret" * 1_000)
    os.link(file, other)
    assert destroy(file)
    assert not file.exists()
    assert other.read_bytes() == bytes(6_000)
    assert not destroy(file)


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "kept")
    assert destroy_folder(tmp_path / "folder") == 1
    assert (tmp_path / "kept").read_bytes() == b"kept"
    assert not (tmp_path / "folder").exists()


def test_what_is_replaced_is_destroyed(tmp_path):
    file, old = tmp_path / "a", tmp_path / "old"
    file.write_bytes(b"before")
    file.chmod(0o600)
    os.link(file, old)
    replace(file, b"after")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"after", 0o600)
    assert old.read_bytes() == bytes(6)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "old"]


def test_a_proof_in_a_space_is_checked_by_the_script_beside_it(space):
    space.keep_leaf(BODY)
    opened = space.opened("readings", "2026-06-15")
    tree = Tree([leaf_hash(opened.data())])
    with LocalLedger(":memory:", demonstration_key(7)) as ledger:
        entry = RootAnchored("readings", "operator", "2026-06-15", 1, tree.root())
        ledger.commit("day", [entry], 10)
        proof, key = of_leaf(ledger, 0, tree, 0, opened), str(ledger.public_key)
    path = space.keep_proof("readings-2026-06-15", proof)
    script = space.folder / "proofs" / "check_proof.py"
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(path), "--authority", key],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.startswith(
        "it holds:\nreadings of ada in 2026-06-15\n  withdrawal Wh: 1 = 0 + 1"
    )
