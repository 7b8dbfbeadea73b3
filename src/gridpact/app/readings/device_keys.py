"""Keys of devices and of the authority that states them: a secret PEM file, a public one beside."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridpact.app import folder
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.keys import KEY_BYTES, AuthorityKey


def create(path: Path) -> str:
    """Make a key in a new file, and its public key in a file ``.pub`` beside it; return that.

    BadInput where a file would be overwritten, StoreError where one cannot be written.
    """
    beside = path.with_suffix(".pub")
    if beside.exists() or beside == path:
        fix = "choose another name for the key"
        raise BadInput([Fault(str(beside), 0, "", "the file exists already", fix)])
    made = AuthorityKey(os.urandom(KEY_BYTES))
    made.save(path)
    folder.write_text(beside, f"{made.public}\n")
    return str(made.public)


def load(path: Path) -> Ed25519PrivateKey:
    """Read a key that :func:`create` made; StoreError where it is none or open to others."""
    return AuthorityKey.load(path).private
