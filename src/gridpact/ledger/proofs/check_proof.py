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
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH, COUNT = "[0-9a-f]{64}", "(0|[1-9][0-9]{0,17})"
KEY = f"(ed25519:{HASH}|eip155:[1-9][0-9]{{0,17}}:0x[0-9a-f]{{40}})"  # a contract: CAIP-10
PLACE = rf'"index":"{COUNT}","path":\[("{HASH}"(,"{HASH}"){{0,63}})?\]'
BLOCK = (
    rf'"at":"(0|-?[1-9][0-9]{{0,17}})","authority":"{KEY}","count":"{COUNT}",'
    rf'"first_index":"{COUNT}","hash":"{HASH}","height":"{COUNT}",'
    rf'"key":"[A-Za-z0-9][A-Za-z0-9._:/+-]{{0,126}}","prev_hash":"{HASH}",'
    rf'"signature":"[0-9a-f]{{128}}","tree_root":"{HASH}"'
)
ENTRY = rf'"body":"([ !#-\[\]-~]|\\["\\])+",{PLACE}'
LEAF = rf'"body":"([0-9a-f]{{2}})+",{PLACE},"salt":"{HASH}"|{PLACE},"terms_hash":"{HASH}"'
PROOF = f'{{"block":{{{BLOCK}}},"entry":{{{ENTRY}}},"gridpact":"proof/1"(,"leaf":{{({LEAF})}})?}}\n'
ROWS = {
    "readings": ("withdrawal Wh", "injection Wh", "estimated slots"),
    "schedules": ("planned net withdrawal Wh",),
    "statements": ("exact amounts, billionths", "billed amounts, minor units", "energy Wh"),
}


def need(condition: bool, broken: str) -> None:
    """Stop with what is broken."""
    if not condition:
        raise ValueError(broken)


def read(data: bytes) -> Any:
    """Read a proof, which can be written in one way only."""
    need(len(data) <= 1 << 20, "the file is too large")
    need(re.fullmatch(PROOF, data.decode("ascii")) is not None, "this is not of the form proof/1")
    return json.loads(data)


def included(leaf: bytes, place: Any, size: int, root: bytes) -> bool:
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


def opened(body: bytes) -> tuple[list[str], list[str]]:
    """Read a leaf's body: its kind, period and subject; in words, these and rows of numbers."""
    need(body.startswith(b"gridpact leaf 1\n"), "the leaf's body is not as leaves are written")
    at, texts = 16, []
    for _ in range(3):
        texts.append(body[at + 1 : at + 1 + body[at]].decode("ascii"))
        at += 1 + body[at]
    shape = struct.unpack_from(f"<{body[at]}I", body, at + 1)
    data = body[at + 1 + 4 * len(shape) :]
    need(len(data) == 8 * math.prod(shape), "the leaf's body is cut short or too long")
    width = 8 * shape[-1] if len(shape) == 2 else len(data)
    words = ["{0} of {2} in {1}".format(*texts)]
    for number, start in enumerate(range(0, len(data), width or 1)):
        row = struct.unpack_from(f"<{width // 8}q", data, start)
        name = dict(enumerate(ROWS.get(texts[0], ()))).get(number, f"row {number}")
        words.append(f"  {name}: {sum(row)} = {' + '.join(map(str, row))}")
    return texts, words


def under(leaf: Any, held: Any) -> list[str]:
    """Check the leaf against the entry that holds its root; return what it says."""
    if "terms_hash" in leaf:
        need(held.get("entry") == "terms_committed", "the entry commits no terms")
        data = bytes.fromhex(leaf["terms_hash"])
        words = [f"contract with terms {leaf['terms_hash']}"]
    else:
        texts, words = opened(bytes.fromhex(leaf["body"]))
        need(held.get("entry") == "root_anchored", "the entry anchors no leaves")
        same = texts[:2] == [held.get("kind"), held.get("period")]
        need(same, "the entry is of another period")
        data = sha256(bytes.fromhex(leaf["salt"] + leaf["body"])).digest()
    there = included(data, leaf, int(held["count"]), bytes.fromhex(held["root"]))
    need(there, "the leaf is not under the root that the entry holds")
    return words


def check(proof: Any, root: str | None, authority: str | None) -> list[str]:
    """Return what a proof says, line by line; ValueError names the first thing that is not so."""
    entry, block = proof["entry"], proof["block"]
    body, held = entry["body"].encode(), json.loads(entry["body"])
    same = json.dumps(held, sort_keys=True, separators=(",", ":")) == entry["body"]
    need(isinstance(held, dict) and same, "the entry is not canonical")
    words = [*under(proof["leaf"], held), "under the "] if "leaf" in proof else [""]
    height, at, first, count = (int(block[n]) for n in ("height", "at", "first_index", "count"))
    tree, key = bytes.fromhex(block["tree_root"]), block["authority"]
    need(included(body, entry, first + count, tree), "the entry is not under the block's root")
    head = b"gridpact ledger block 1\n" + struct.pack(">QqQQ", height, at, first, count)
    head += sha256(block["key"].encode()).digest() + tree + bytes.fromhex(block["prev_hash"])
    digest = sha256(head).digest()
    need(digest.hex() == block["hash"], "the block's content does not match its hash")
    signed, signature = b"gridpact ledger signature 1\n" + digest, bytes.fromhex(block["signature"])
    need(root is not None or key[:2] == "ed", "a contract signs no proof: give the root it shows")
    if key[:2] == "ed":
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key[8:])).verify(signature, signed)
    need(authority in (None, key), "the block is signed by another key than the one trusted")
    need(root in (None, tree.hex()), f"the root trusted is not that of {first + count} entries")
    words[-1] += f"entry {entry['body']}"
    words.append(f"entry {entry['index']} of {first + count}, in the ledger up to block {height}")
    by = "signed" if key[:2] == "ed" else "taken"
    return [*words, f"root {tree.hex()}, {by} by {key} at {at} s since 1970 (UTC)"]


def main() -> None:
    """Check the file named on the command line."""
    parser = argparse.ArgumentParser(description="Check a gridpact proof.")
    parser.add_argument("proof")
    parser.add_argument("--authority", help="the key that must have signed it: ed25519:<hex>")
    parser.add_argument("--root", help="the root of the ledger that you saw elsewhere, in hex")
    given = parser.parse_args()
    if given.root is None and given.authority is None:
        parser.error("say what you trust: --authority, --root or both")
    for name, text, form in (("root", given.root, HASH), ("authority", given.authority, KEY)):
        if text is not None and not re.fullmatch(form, text):
            parser.error(f"--{name} is malformed: {text!r} is not of the form {form}")
    try:
        with Path(given.proof).open("rb") as file:
            lines = check(read(file.read((1 << 20) + 1)), given.root, given.authority)
    except OSError as error:
        sys.exit(f"cannot read {given.proof}: {error.strerror}")
    except InvalidSignature:
        sys.exit("does not hold: the block's signature is not by its authority")
    except (ValueError, LookupError, TypeError, RecursionError, struct.error) as error:
        sys.exit(f"does not hold: {error}")
    sys.stdout.write("\n".join(["it holds:", *lines, ""]))


if __name__ == "__main__":
    main()
