"""Keys of those who act, as files: Ed25519 for a log, secp256k1 for a ledger on a chain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from gridpact.agreements.addresses import ADDRESS, checksummed, parse_address
from gridpact.app.readings.signed_files import read_key
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.ledger.acts import ED25519
from gridpact.ledger.entries import Entry
from gridpact.ledger.evm.signing import SCHEME, ChainKey, address_in, is_padded, padded
from gridpact.ledger.keys import AuthorityKey, PublicKey
from gridpact.ledger.kinds.founding import Act

Key: TypeAlias = AuthorityKey | ChainKey
_PEM = b"-----BEGIN"
_SECRET = re.compile(r"(?:0x)?[0-9a-fA-F]{64}")
_ADDRESS_FILE = 80
"""Bytes of a file that tell an address, or the beginning of a key, from anything else."""


def load(path: Path) -> Key:
    """Read a private key of either kind; BadInput where the file holds none, or others read it."""
    try:
        return AuthorityKey.load(path) if _begins(path).startswith(_PEM) else ChainKey.load(path)
    except StoreError as error:
        said = str(error).removeprefix(f"key file {path}").lstrip(": ")
        problem, _, fix = said.partition("; ")
        fix = fix or "name the file of a private key"
        raise BadInput([Fault(str(path), 0, "", problem, fix)]) from error


def public_of(path: Path) -> bytes:
    """Read a public key, or an address, as entries carry it [32 bytes]; BadInput for neither."""
    text = _begins(path).decode("ascii", "replace").strip()
    if _SECRET.fullmatch(text):
        fix = f"name the file of its address, such as {path.with_suffix('.address').name}"
        raise BadInput([Fault(str(path), 0, "", "is the private key of an account", fix)])
    if text.startswith(_PEM.decode()):
        fix = f"name the file of its public key, such as {path.with_suffix('.pub').name}"
        raise BadInput([Fault(str(path), 0, "", "is a private key", fix)])
    return padded(parse_address(text)) if ADDRESS.fullmatch(text) else read_key(path)


def of_chain(key: bytes) -> bool:
    """Tell whether a key of an entry is an address of a chain."""
    return is_padded(key)


def shown(key: bytes) -> str:
    """Write a key of an entry as people know it: an address of a chain, or ``ed25519:…``."""
    return checksummed(address_in(key)) if is_padded(key) else str(PublicKey(key))


def signature(key: Key, ledger: bytes, act: Act, entries: Sequence[Entry]) -> bytes:
    """Sign an act [64 bytes] in the way of the ledger that the key is for."""
    scheme = SCHEME if isinstance(key, ChainKey) else ED25519
    return key.sign(scheme.message(ledger, act, entries))


def log_key(key: Key) -> AuthorityKey:
    """Return a key that seals blocks of a log; BadInput for one of a chain."""
    if isinstance(key, ChainKey):
        problem = f"{shown(key.public.raw)} is an account of a chain"
        raise _misplaced(problem, "a log", "name a key that 'gridpact authority key' made")
    return key


def chain_key(key: Key) -> ChainKey:
    """Return a key whose account seals on a chain; BadInput for one of a log."""
    if isinstance(key, AuthorityKey):
        problem = f"{key.public} is a key of a log"
        fix = "name a key that 'gridpact contract key new' made"
        raise _misplaced(problem, "a ledger on a chain", fix)
    return key


def _misplaced(problem: str, ledger: str, fix: str) -> BadInput:
    return BadInput([Fault("arguments", 0, "--as", f"{problem}, and this is {ledger}", fix)])


def _begins(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_ADDRESS_FILE)
    except OSError:
        return b""  # whoever reads it whole tells why
