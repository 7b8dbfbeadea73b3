"""Forks: two blocks of one height, both sealed by an authority, which can never both be right."""

from __future__ import annotations

import json
from itertools import chain, count
from pathlib import Path

import msgspec

from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import read_regular, write_whole
from gridpact.ledger.witness.heads import MOST_BYTES, Cosigned, flaws

VERSION = "fork/1"


class Fork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two heads of one ledger that exclude each other, as their witnesses signed them."""

    gridpact: str
    one: Cosigned
    other: Cosigned


def forked(one: Cosigned, other: Cosigned) -> Fork | None:
    """Return the proof that two heads exclude each other; None where they do not."""
    found = Fork(VERSION, one, other)
    return None if refutations(found) else found


def refutations(found: Fork) -> list[str]:
    """Say why two heads prove no fork; nothing where they do.

    They do where both hold by themselves, are of one ledger and of one height, and the blocks
    differ. Then whoever holds the sealing keys signed two histories, or lost a key.
    """
    one, other = found.one, found.other
    wrong = [f"{each.witness}'s head: {flaw}" for each in (one, other) for flaw in flaws(each)]
    if (one.genesis, one.founder) != (other.genesis, other.founder):
        wrong.append("the heads are of two ledgers")
    elif one.header.height != other.header.height:
        wrong.append(f"the heads are of blocks {one.header.height} and {other.header.height}")
    elif one.header.hash == other.header.hash:
        wrong.append("the heads are of the same block")
    return wrong


def told(found: Fork) -> list[str]:
    """Say in words what a fork proves."""
    one, other = found.one, found.other
    return [
        f"two blocks {one.header.height} of one ledger, both sealed by its authorities:",
        *(
            f"  {each.header.hash[:16]}… sealed by {each.sealer[:24]}…, seen by {each.witness}"
            for each in (one, other)
        ),
        f"the ledger began with {one.founder}",
    ]


def write(path: Path, found: Fork) -> None:
    """Write the proof of a fork for everybody."""
    text = json.dumps(msgspec.to_builtins(found), indent=1, sort_keys=True) + "\n"
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def keep(folder: Path, found: Fork) -> Path:
    """Write the proof of a fork beside those of others, once each; return its file."""
    names = chain(["fork.json"], (f"fork-{number}.json" for number in count(2)))
    path = next(each for name in names if not (each := folder / name).exists() or _is(each, found))
    if not path.exists():
        write(path, found)
    return path


def _blocks(found: Fork) -> tuple[str, frozenset[str]]:
    return found.one.genesis, frozenset((found.one.header.hash, found.other.header.hash))


def _is(path: Path, found: Fork) -> bool:
    """Whether a file proves a fork of the same blocks; one that cannot be read is left alone."""
    try:
        return _blocks(read(path)) == _blocks(found)
    except (BadInput, StoreError):
        return False


def read(path: Path) -> Fork:
    """Read the proof of a fork; BadInput where it proves none."""
    fix = "two heads of one height that differ prove a fork, nothing else does"
    try:
        found = msgspec.json.decode(read_regular(path, 2 * MOST_BYTES), type=Fork)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    except msgspec.DecodeError as error:
        raise BadInput([Fault(str(path), 0, "", f"is no proof of a fork: {error}", fix)]) from error
    wrong = refutations(found)
    if wrong:
        raise BadInput(Fault(str(path), 0, "", each, fix) for each in wrong)
    return found
