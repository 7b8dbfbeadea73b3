"""The script that checks proofs alone: with one library, and to the same answers as gridpact."""

import importlib.util
import json
import random
import re
import runpy
import struct
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from gridpact.base.errors import BadInput
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.proofs import files
from gridpact.ledger.proofs.checking import check

REFUSALS = (
    InvalidSignature, ValueError, KeyError, TypeError, IndexError, RecursionError, struct.error,
)  # fmt: skip
# The values of certificate-transparency's own test of its Merkle tree (cpp/merkletree).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
PATHS = {
    0: [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    5: [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(Path(files.__file__).with_name(files.CHECKER)))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A folder with cryptography and what that needs, the checker, and nothing else."""
    folder = tmp_path_factory.mktemp("alone")
    for name in ("cryptography", "cffi", "_cffi_backend", "pycparser"):
        found = importlib.util.find_spec(name)
        if found and found.origin:
            place = Path(found.origin)
            place = place.parent if found.submodule_search_locations else place
            (folder / place.name).symlink_to(place)
    files.write_checker(folder)
    return folder


def run(alone, *arguments):
    """Run the checker where nothing but the standard library and that folder can be imported."""
    start = (
        "import runpy, sys; folder = sys.argv.pop(1); sys.path.append(folder); "
        "sys.argv[0] = 'check_proof.py'; "
        "runpy.run_path(folder + '/check_proof.py', run_name='__main__'); "
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start, str(alone), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_gridpact_and_its_libraries_are_out_of_its_reach(alone):
    for name in ("gridpact", "numpy", "msgspec"):
        code = f"import sys; sys.path.append({str(alone)!r}); import {name}"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True
        )
        assert f"No module named '{name}'" in done.stderr


@pytest.mark.parametrize("kind", ["readings", "executions", "terms", "entry"])
def test_it_accepts_a_proof_and_says_what_it_proves(kind, alone, tmp_path, proofs, ledger):
    files.write(tmp_path / "a.proof", proofs[kind])
    done = run(alone, tmp_path / "a.proof", "--authority", ledger.public_key)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    words = check(proofs[kind], authority=ledger.public_key).words
    assert lines[:2] == ["it holds:", words[0]]
    assert f"root {ledger.head().root.hex()}" in done.stdout
    done = run(alone, tmp_path / "a.proof", "--root", ledger.head().root.hex())
    assert done.returncode == 0


def test_it_says_the_numbers_that_are_proved(script, proofs, values):
    for kind, rows in values.items():
        value = script["read"](files.to_bytes(proofs[kind]))
        said = "\n".join(script["check"](value, None, value["block"]["authority"]))
        for row in rows if rows.ndim == 2 else [rows]:
            assert f": {int(row.sum())} = {' + '.join(map(str, row.tolist()))}" in said


def test_it_refuses_with_a_reason(alone, tmp_path, proofs, ledger):
    path = tmp_path / "a.proof"
    files.write(path, proofs["readings"])
    assert "say what you trust" in run(alone, path).stderr
    done = run(alone, path, "--root", "00" * 32)
    assert done.returncode == 1
    assert "does not hold: the root trusted is not that of 6 entries" in done.stderr
    path.write_bytes(path.read_bytes().replace(b'"index":"6"', b'"index":"5"'))
    done = run(alone, path, "--authority", ledger.public_key)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "does not hold: the leaf is not under the root that the entry holds\n"
    done = run(alone, tmp_path / "none", "--authority", ledger.public_key)
    assert done.returncode == 1
    assert done.stderr == f"cannot read {tmp_path / 'none'}: No such file or directory\n"
    for option, text in (("--root", "3f0c"), ("--root", ""), ("--authority", "3f0c")):
        done = run(alone, path, option, text)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{option} is malformed: {text!r} is not of the form" in done.stderr


def mine(data, key):
    try:
        proof = files.from_bytes(data)
    except BadInput:
        return None
    found = check(proof, authority=key)
    return found.words if found.holds else None


def its(script, data, key):
    try:
        return list(script["check"](script["read"](data), None, str(key)))
    except REFUSALS:
        return None


@pytest.mark.parametrize("kind", ["readings", "terms", "entry"])
def test_both_refuse_every_flip_of_a_byte(kind, script, proofs, ledger):
    data, key = files.to_bytes(proofs[kind]), ledger.public_key
    assert mine(data, key)
    assert its(script, data, key)
    for place in range(len(data)):
        masks = (0x01, 0x20, 0x80) if kind == "entry" else (1 << place * 5 % 8,)
        for mask in masks:
            spoilt = data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]
            assert mine(spoilt, key) is None, (place, mask)
            assert its(script, spoilt, key) is None, (place, mask)


def test_both_refuse_whatever_is_cut_off_or_put_in(script, proofs, ledger):
    key, drawn = ledger.public_key, random.Random(7)  # noqa: S311 - places to cut, no secrets
    for kind in ("statements", "entry"):
        data = files.to_bytes(proofs[kind])
        for _ in range(150):
            low, high = sorted(drawn.choices(range(len(data) + 1), k=2))
            for spoilt in (data[:low], data[high:], data[:low] + data[high:]):
                if spoilt != data:
                    assert mine(spoilt, key) is None
                    assert its(script, spoilt, key) is None
        assert mine(data, key)


def signed_anew(data, signer, **fields):
    """Forge a block: other fields, hashed and signed as the ledger does."""
    value = json.loads(data)
    block = value["block"] | fields
    numbers = struct.pack(
        ">QqQQ", *(int(block[n]) for n in ("height", "at", "first_index", "count"))
    )
    digest = sha256(
        b"gridpact ledger block 1\n" + numbers + sha256(block["key"].encode()).digest()
        + bytes.fromhex(block["tree_root"]) + bytes.fromhex(block["prev_hash"])
    ).digest()  # fmt: skip
    block["hash"] = digest.hex()
    block["signature"] = signer.sign(b"gridpact ledger signature 1\n" + digest).hex()
    block["authority"] = str(signer.public)
    value["block"] = block
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_a_block_forged_with_another_key_is_refused_by_both(script, proofs, ledger, authority):
    data, stranger = files.to_bytes(proofs["entry"]), demonstration_key(8)
    forged = signed_anew(data, stranger, at="5")
    assert mine(forged, ledger.public_key) is None
    assert its(script, forged, ledger.public_key) is None
    assert mine(forged, stranger.public)  # it agrees with itself, which is why a key is asked for
    assert its(script, forged, stranger.public)


@pytest.mark.parametrize("index", [0, 5])
def test_inclusion_agrees_with_the_values_of_certificate_transparency(index, script):
    def included(index, path):
        return script["included"](leaf, {"index": index, "path": path}, 8, bytes.fromhex(ROOT))

    leaf, path = LEAVES[index], PATHS[index]
    assert included(index, path)
    assert not included(index ^ 1, path)
    assert not included(index, path[:2])
    with pytest.raises(ValueError, match="too long"):
        included(index, [*path, ROOT])
    with pytest.raises(ValueError, match="beyond its tree"):
        included(8, path)


def mth(leaves):
    """RFC 9162, 2.1.1, word for word."""
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path_of(m, leaves):
    """RFC 9162, 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m < k:
        return [*path_of(m, leaves[:k]), mth(leaves[k:]).hex()]
    return [*path_of(m - k, leaves[k:]), mth(leaves[:k]).hex()]


def test_inclusion_agrees_with_the_definition(script):
    for size in range(1, 20):
        leaves = [bytes([each]) for each in range(size)]
        for index in range(size):
            place = {"index": index, "path": path_of(index, leaves)}, size, mth(leaves)
            assert script["included"](leaves[index], *place)
            assert not script["included"](b"another", *place)


def test_it_is_short_and_needs_one_library(script):
    text = files.checker().decode()
    code = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(code) < 138
    modules = re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE)
    assert set(modules) - {"cryptography"} <= set(sys.stdlib_module_names)
