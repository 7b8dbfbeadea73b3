"""Entries as contracts reckon with them: each a kind's number and words of 32 bytes.

Words follow from the entry alone, so that whoever reads a body derives them again and compares.
Fields come in their order, each one word as the ABI writes it: a text as the keccak-256 of its
bytes (its *id* on chain), 32 bytes as they are, an address and whole numbers padded on the left.
Four things differ:

- A word from a list (``kind`` of a root, ``step`` of a patch) is its place in the list.
- A period that is opened and closed is five words, the length of its text [bytes] and the text
  padded on the right: 2026-03-01 lies in 2026-03 and in 2026, which only the text can tell.
- Rows follow after all words, packed without padding: 32 bytes of the participant's id, then an
  amount (8 bytes, two's complement), a key (32), or a signature (64 or 65). They ascend by id, so
  that a contract sees that each comes once. Signers of an act stay in their order, as the first of
  them acts.
- The signers of an act are these rows; the act has no word of its own for them.

Source: Contract ABI Specification, Solidity documentation 0.8 (static types).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.entries import KINDS
from gridpact.ledger.evm.typed import words
from gridpact.ledger.kinds.fields import Kind
from gridpact.ledger.kinds.founding import Act, LedgerFounded
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.patches import STEPS, PatchApproved
from gridpact.ledger.kinds.roots import ANCHORED, PeriodClosed, RootAnchored
from gridpact.ledger.kinds.terms import AgreementCommitted

AMOUNT_BYTES = 8
NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
"""Number of each kind on chain: its place among all, which later versions never change."""

_LISTS = {(RootAnchored, "kind"): ANCHORED, (PatchApproved, "step"): STEPS}
_TEXTS = {(RootAnchored, "period"), (PeriodClosed, "period"), (NetSettled, "period")}
_ROWS = {
    (LedgerFounded, "authorities"),
    (NetSettled, "positions"),
    (AgreementCommitted, "signatures"),
}
_TEXT_BYTES = 128
_IDS_KEPT = 1 << 16


class Operation(NamedTuple):
    """What a contract takes: the number of the kind, and the words."""

    kind: int
    words: bytes

    @property
    def hash(self) -> bytes:
        """keccak-256 over the number (one byte) and the words: kinds share forms of words."""
        return keccak256(bytes([self.kind]) + self.words)


@lru_cache(maxsize=_IDS_KEPT)
def id_of(text: str) -> bytes:
    """Id of a name on chain [32 bytes]: keccak-256 of its UTF-8 bytes."""
    return keccak256(text.encode())


def operation(entry: Kind) -> Operation:
    """Return an entry's number and words; the entry is sound by itself."""
    kind, head, tail = type(entry), list[bytes](), list[bytes]()
    for field in kind.__struct_fields__:
        found, place = getattr(entry, field), (kind, field)
        if place in _TEXTS:
            head += (words(len(found)), found.encode().ljust(_TEXT_BYTES, b"\0"))
        elif place in _ROWS:
            tail += sorted(id_of(name) + _packed(what) for name, what in found)
        elif kind is Act and isinstance(found, tuple):
            continue
        else:
            head.append(_word(_LISTS[place].index(found) if place in _LISTS else found))
    if isinstance(entry, Act):
        tail += [id_of(name) + made for name, made in zip(entry.by, entry.signatures, strict=True)]
    return Operation(NUMBERS[kind], b"".join((*head, *tail)))


def operations_hash(entries: Iterable[Kind]) -> bytes:
    """keccak-256 over the hashes of the operations that an act covers, one after the other."""
    return keccak256(b"".join(operation(entry).hash for entry in entries))


def _word(found: str | bytes | int) -> bytes:
    return id_of(found) if isinstance(found, str) else words(found)


def _packed(found: bytes | int) -> bytes:
    return found if isinstance(found, bytes) else found.to_bytes(AMOUNT_BYTES, "big", signed=True)
