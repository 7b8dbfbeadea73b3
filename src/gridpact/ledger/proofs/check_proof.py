#!/usr/bin/env python3
"""Check a gridpact proof without gridpact. Needs Python 3.8 and the package ``cryptography``.

    python check_proof.py PROOF --authority ed25519:<hex> | --root <hex>

Give the authority's key, or the root that you saw elsewhere, or both. Exit status 0: it holds.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import struct
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = Any
HASH, COUNT = "[0-9a-f]{64}", "0|[1-9][0-9]{0,17}"
PLACE = {"index": COUNT, "path": [HASH]}
OPENED = {"body": "([0-9a-f]{2})+", "salt": HASH, **PLACE}
TERMS = {"terms_hash": HASH, **PLACE}
ENTRY = {"body": "[ -~]+", **PLACE}
BLOCK = {
    "height": COUNT, "at": "0|-?[1-9][0-9]{0,17}", "key": "[A-Za-z0-9][A-Za-z0-9._:/+-]{0,126}",
    "first_index": COUNT, "count": COUNT, "tree_root": HASH, "prev_hash": HASH, "hash": HASH,
    "signature": "[0-9a-f]{128}", "authority": "ed25519:" + HASH,
}  # fmt: skip
BROKEN = (OSError, ValueError, LookupError, TypeError, RecursionError, struct.error)
ROWS = {
    "readings": ("withdrawal Wh", "injection Wh", "estimated slots"),
    "schedules": ("planned net withdrawal Wh",),
    "statements": ("exact amounts, billionths", "billed amounts, minor units", "energy Wh"),
}


def need(condition: bool, broken: str) -> None:
    """Stop with what is broken."""
    if not condition:
        raise ValueError(broken)


def canonical(value: Json) -> bytes:
    """Write sorted JSON without blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def fits(value: Json, form: Json) -> bool:
    """Tell whether a value has exactly the fields of a form, each as its pattern says."""
    if isinstance(form, dict):
        same = isinstance(value, dict) and value.keys() == form.keys()
        return same and all(fits(value[name], form[name]) for name in form)
    if isinstance(form, list):
        return isinstance(value, list) and len(value) <= 64 and all(fits(v, form[0]) for v in value)
    return isinstance(value, str) and re.fullmatch(form, value) is not None


def read(data: bytes) -> Json:
    """Read a proof, strictly."""
    need(len(data) <= 1 << 20, "the file is too large")
    value = json.loads(data.decode("ascii"))
    need(canonical(value) + b"\n" == data, "this is not canonical JSON")
    form = {"gridpact": "proof/1", "entry": ENTRY, "block": BLOCK}
    if isinstance(value, dict) and "leaf" in value:
        form["leaf"] = TERMS if "terms_hash" in value["leaf"] else OPENED
    need(fits(value, form), "this is not of the form proof/1")
    return value


def included(leaf: bytes, place: Json, size: int, root: bytes) -> bool:
    """RFC 9162, 2.1.3.2, for the bytes of a leaf and its index and path."""
    found, fn, sn = sha256(b"\0" + leaf).digest(), int(place["index"]), size - 1
    need(fn <= sn, "an index is beyond its tree")
    for sibling in map(bytes.fromhex, place["path"]):
        need(sn > 0, "a path is too long")
        if fn & 1 or fn == sn:
            found = sha256(b"\1" + sibling + found).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = sha256(b"\1" + found + sibling).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and found == root


def opened(body: bytes) -> Json:
    """Read the body of a leaf: kind, period, subject, shape and whole numbers."""
    need(body.startswith(b"gridpact leaf 1\n"), "the leaf's body is not as leaves are written")
    at, texts = 16, []
    for _ in range(3):
        texts.append(body[at + 1 : at + 1 + body[at]].decode("ascii"))
        at += 1 + body[at]
    shape = struct.unpack_from(f"<{body[at]}I", body, at + 1)
    data = body[at + 1 + 4 * len(shape) :]
    need(len(data) == 8 * math.prod(shape), "the leaf's body is cut short or too long")
    return (*texts, shape, struct.unpack(f"<{len(data) // 8}q", data))


def told(kind: str, period: str, subject: str, shape: Json, values: Json) -> Iterator[str]:
    """Yield whose, what and when, and of each row of numbers its sum and the numbers."""
    yield f"{kind} of {subject} in {period}"
    names, width = ROWS.get(kind, ()), shape[-1] if len(shape) == 2 else max(len(values), 1)
    for number, start in enumerate(range(0, len(values), width or 1)):
        row = values[start : start + width]
        name = names[number] if number < len(names) else f"row {number}"
        yield f"  {name}: {sum(row)} = {' + '.join(map(str, row))}"


def under(leaf: Json, held: Json) -> list[str]:
    """Check the leaf against the entry that holds its root; return what it says."""
    if "terms_hash" in leaf:
        need(held.get("entry") == "terms_committed", "the entry commits no terms")
        terms = leaf["terms_hash"]
        data, words = bytes.fromhex(terms), [f"contract with terms {terms}"]
    else:
        body = opened(bytes.fromhex(leaf["body"]))
        need(held.get("entry") == "root_anchored", "the entry anchors no leaves")
        need(body[:2] == (held.get("kind"), held.get("period")), "the entry is of another period")
        data, words = sha256(bytes.fromhex(leaf["salt"] + leaf["body"])).digest(), list(told(*body))
    there = included(data, leaf, int(held["count"]), bytes.fromhex(held["root"]))
    need(there, "the leaf is not under the root that the entry holds")
    return words


def check(proof: Json, root: str | None, authority: str | None) -> Iterator[str]:
    """Return what a proof says, line by line; ValueError names the first thing that is not so."""
    entry, block = proof["entry"], proof["block"]
    body, held = entry["body"].encode(), json.loads(entry["body"])
    need(isinstance(held, dict) and canonical(held) == body, "the entry is not canonical")
    words = under(proof["leaf"], held) if "leaf" in proof else []
    height, at, first, count = (int(block[n]) for n in ("height", "at", "first_index", "count"))
    tree, key = bytes.fromhex(block["tree_root"]), block["authority"]
    need(included(body, entry, first + count, tree), "the entry is not under the block's root")
    head = b"gridpact ledger block 1\n" + struct.pack(">QqQQ", height, at, first, count)
    head += sha256(block["key"].encode()).digest() + tree + bytes.fromhex(block["prev_hash"])
    digest = sha256(head).digest()
    need(digest.hex() == block["hash"], "the block's content does not match its hash")
    signed, signature = b"gridpact ledger signature 1\n" + digest, bytes.fromhex(block["signature"])
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(key[8:])).verify(signature, signed)
    need(authority in (None, key), "the block is signed by another key than the one trusted")
    need(root in (None, tree.hex()), f"the root trusted is not that of {first + count} entries")
    yield from words
    yield f"{'under the ' if words else ''}entry {entry['body']}"
    yield f"entry {entry['index']} of {first + count}, in the ledger up to block {height}"
    yield f"root {tree.hex()}, signed by {key} at {at} s since 1970 (UTC)"


def main() -> None:
    """Check the file named on the command line."""
    parser = argparse.ArgumentParser(description="Check a gridpact proof.")
    parser.add_argument("proof")
    parser.add_argument("--authority", help="the key that must have signed it: ed25519:<hex>")
    parser.add_argument("--root", help="the root of the ledger that you saw elsewhere, in hex")
    given = parser.parse_args()
    if given.root is None and given.authority is None:
        parser.error("say what you trust: --authority, --root or both")
    try:
        with Path(given.proof).open("rb") as file:
            lines = list(check(read(file.read((1 << 20) + 1)), given.root, given.authority))
    except InvalidSignature:
        sys.exit("does not hold: the block's signature is not by its authority")
    except BROKEN as error:
        sys.exit(f"does not hold: {error}")
    sys.stdout.write("\n".join(["it holds:", *lines, ""]))


if __name__ == "__main__":
    main()
