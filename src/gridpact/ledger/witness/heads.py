"""Heads as witnesses show them to one another: a block's header, and whoever saw it signs it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import msgspec

from gridpact.base.errors import BadInput, Fault, LedgerDamaged, StoreError
from gridpact.base.files import read_regular, write_whole
from gridpact.ledger.chain import Block, Header, check_seal
from gridpact.ledger.keys import AuthorityKey, PublicKey

VERSION = "head/1"
MOST_BYTES = 1 << 16
_SIGNED = b"gridpact witness 1\n"
_FIX = "take the file from its maker again; it is never edited"


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A header as files have it: :class:`~gridpact.ledger.chain.Header` with bytes in hex."""

    height: int
    at: int
    key: str
    first_index: int
    count: int
    tree_root: str
    prev_hash: str
    hash: str
    signature: str

    @classmethod
    def of(cls, header: Header) -> Written:
        """Write the header of a block."""
        values = {name: getattr(header, name) for name in Header.__struct_fields__}
        return cls(**values | {name: values[name].hex() for name in _BYTES})

    def read(self) -> Header:
        """Read it; ValueError where hex is none."""
        values = {name: getattr(self, name) for name in Header.__struct_fields__}
        return Header(**values | {name: bytes.fromhex(values[name]) for name in _BYTES})


_BYTES = ("tree_root", "prev_hash", "hash", "signature")


class Cosigned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A header that a witness saw to follow all that it saw before.

    ``genesis`` and ``founder`` say of which ledger, ``sealer`` whose key the block is signed with,
    ``witness`` who saw it, with ``key``. Bytes in hex, keys as ``ed25519:…``.
    """

    gridpact: str
    genesis: str
    founder: str
    sealer: str
    header: Written
    witness: str
    key: str
    signature: str


class Ledger(msgspec.Struct, frozen=True):
    """Which ledger is followed: its genesis hash [32 bytes] and the key it began with."""

    genesis: bytes
    founder: PublicKey


def cosign(
    ledger: Ledger, block: Block, sealer: PublicKey, witness: str, key: AuthorityKey
) -> Cosigned:
    """Sign that a block was seen."""
    return Cosigned(
        VERSION,
        ledger.genesis.hex(),
        str(ledger.founder),
        str(sealer),
        Written.of(block),
        witness,
        str(key.public),
        key.sign(_message(ledger.genesis, block.height, block.hash)).hex(),
    )


def flaws(found: Cosigned) -> list[str]:
    """Say what of a head does not hold: its hash, the sealer's signature, the witness's."""
    try:
        block = found.header.read()
        sealer, key = PublicKey.parse(found.sealer), PublicKey.parse(found.key)
        genesis, signature = bytes.fromhex(found.genesis), bytes.fromhex(found.signature)
    except ValueError as error:
        return [str(error)]
    wrong = []
    try:
        check_seal(block, sealer)
    except LedgerDamaged as error:
        wrong.append(str(error))
    if not key.holds(_message(genesis, block.height, block.hash), signature):
        wrong.append(f"the signature is not by the witness {found.witness}")
    return wrong


def write(path: Path, found: Cosigned) -> None:
    """Write a head for others."""
    text = json.dumps(msgspec.to_builtins(found), indent=1, sort_keys=True) + "\n"
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def read(path: Path) -> Cosigned:
    """Read a head that holds by itself; BadInput says what does not."""
    try:
        found = msgspec.json.decode(read_regular(path, MOST_BYTES), type=Cosigned)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    except msgspec.DecodeError as error:
        raise BadInput([Fault(str(path), 0, "", f"is no head: {error}", _FIX)]) from error
    wrong = flaws(found)
    if wrong:
        raise BadInput(Fault(str(path), 0, "", each, _FIX) for each in wrong)
    return found


def _message(genesis: bytes, height: int, block_hash: bytes) -> bytes:
    return _SIGNED + genesis + struct.pack(">Q", height) + block_hash
