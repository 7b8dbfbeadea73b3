"""Acts: who puts entries on a ledger of authorities, signed so that they count there and once.

What is signed begins with the ledger's genesis hash, so an act on one ledger is none on another,
and holds a sequence number of whoever acts, so it counts once. Ed25519 as OpenSSL checks it takes
one form of a signature alone (RFC 8032, 5.1.7: S below the order of the group).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gridpact.ledger.entries import Entry, canonical
from gridpact.ledger.keys import AuthorityKey
from gridpact.ledger.kinds.fields import Kind
from gridpact.ledger.kinds.founding import Act
from gridpact.ledger.merkle import leaf_hash

_DOMAIN = b"gridpact act 1\n"
UNSIGNED = bytes(64)
"""What stands where somebody has yet to sign."""
_KEYS_KEPT = 1 << 16


class Claim(NamedTuple):
    """A signature that is to hold: whose key [32 bytes], of what, and the signature."""

    key: bytes
    message: bytes
    signature: bytes


def digest_of(leaves: Iterable[bytes]) -> bytes:
    """Digest of the entries that an act covers, by their leaf hashes in order."""
    return sha256(b"".join(leaves)).digest()


def signed_bytes(ledger: bytes, act: Act) -> bytes:
    """Return what every signer of an act signs; ``ledger`` is the ledger's genesis hash."""
    return _DOMAIN + ledger + canonical(msgspec.structs.replace(act, signatures=()))


def drafted(
    by: Sequence[str], entries: Sequence[Entry], *, sequence: int, at: int, why: str
) -> Act:
    """Draft an act over entries, for its signers to sign one after the other."""
    digest = digest_of(leaf_hash(canonical(entry)) for entry in entries)
    unsigned = (UNSIGNED,) * len(by)
    return Act(tuple(by), sequence, at, why, len(entries), digest, unsigned)


def signed(act: Act, ledger: bytes, name: str, key: AuthorityKey) -> Act:
    """Add the signature of one signer; ValueError where the act does not name them."""
    return with_signature(act, name, key.sign(signed_bytes(ledger, act)))


def with_signature(act: Act, name: str, made: bytes) -> Act:
    """Put the signature of one signer [64 bytes] at its place; ValueError for no signer."""
    if name not in act.by:
        raise ValueError(f"{name} is no signer of this act: {', '.join(act.by)}")
    place = act.by.index(name)
    signatures = (*act.signatures[:place], made, *act.signatures[place + 1 :])
    return msgspec.structs.replace(act, signatures=signatures)


def missing(act: Act) -> tuple[str, ...]:
    """Return who has yet to sign."""
    pairs = zip(act.by, act.signatures, strict=True)
    return tuple(name for name, signature in pairs if signature == UNSIGNED)


@lru_cache(maxsize=_KEYS_KEPT)
def _public(key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key)


def holds(claim: Claim) -> bool:
    """Tell whether a signature is of its key."""
    try:
        _public(claim.key).verify(claim.signature, claim.message)
    except (InvalidSignature, ValueError):
        return False
    return True


def all_held(claims: Sequence[Claim]) -> list[bool]:
    """Tell of each signature whether it is of its key."""
    return list(map(holds, claims))


class Scheme(NamedTuple):
    """How acts on a ledger are signed.

    ``message`` gives what signers sign, from the ledger's genesis hash, the act and its entries;
    ``check`` tells of signatures whether they hold.
    """

    message: Callable[[bytes, Act, Sequence[Kind]], bytes]
    check: Callable[[Sequence[Claim]], Sequence[bool]]


def _ed25519_message(ledger: bytes, act: Act, entries: Sequence[Kind]) -> bytes:
    return signed_bytes(ledger, act)


ED25519 = Scheme(_ed25519_message, all_held)
