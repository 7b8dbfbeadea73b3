"""What goes on the ledger, as domain operations; and their one canonical byte form.

The bytes are JSON with sorted keys, no whitespace, ASCII only, whole numbers as decimal strings
(JSON readers lose digits beyond 2⁵³), bytes as lower-case hex, and the format's version inside.
Personal data never goes in: identifiers are pseudonyms, readings and statements appear as roots
over salted leaves (:mod:`gridpact.ledger.leaves`).

Kinds are append-only: a later version adds some and never changes the meaning of these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias, get_args, get_type_hints

import msgspec

from gridpact.base.errors import Fault
from gridpact.base.ids import PATTERN, well_formed
from gridpact.base.units import INT64_MAX
from gridpact.contracts.observables import NAME
from gridpact.ledger.merkle import EMPTY_ROOT, HASH_BYTES

VERSION = "1"
ANCHORED = ("readings", "schedules", "executions", "statements")
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,126}"
_NAME = re.compile(NAME_PATTERN)
_CURRENCY = re.compile(r"[A-Z]{3}")


class _Entry(msgspec.Struct, frozen=True, tag_field="entry", forbid_unknown_fields=True):
    """Base of all entries."""


class ParticipantAuthorised(_Entry, frozen=True, tag="participant_authorised"):
    """The supervising authority admits a participant in a role (``prosumer``, ``dso`` …)."""

    participant: str
    role: str


class TermsCommitted(_Entry, frozen=True, tag="terms_committed"):
    """The contracts that one market session made: their number and the root over their hashes."""

    session: str
    count: int
    root: bytes


class RootAnchored(_Entry, frozen=True, tag="root_anchored"):
    """A root over ``count`` leaves about a ``subject`` (a community, a zone) in a ``period``.

    ``kind`` is one of :data:`ANCHORED`.
    """

    kind: str
    subject: str
    period: str
    count: int
    root: bytes


class NetSettled(_Entry, frozen=True, tag="net_settled"):
    """Net positions of one period [minor units, such as cents]; positive means is paid.

    ``positions`` are ``(participant, amount)`` in ascending order of participant, each once; they
    sum to zero.
    """

    period: str
    currency: str
    positions: tuple[tuple[str, int], ...]


class AgreementSigned(_Entry, frozen=True, tag="agreement_signed"):
    """All parties have signed a version of an agreement, counted by ``revision`` from 1.

    ``terms_hash`` is the keccak-256 of its terms, ``digest`` what the wallets signed (EIP-712).
    """

    agreement: str
    revision: int
    terms_hash: bytes
    digest: bytes


Entry: TypeAlias = (
    ParticipantAuthorised | TermsCommitted | RootAnchored | NetSettled | AgreementSigned
)

_KINDS = {str(kind.__struct_config__.tag): kind for kind in get_args(Entry)}
_BYTES_FIELDS = {
    tag: tuple(name for name, hint in get_type_hints(kind).items() if hint is bytes)
    for tag, kind in _KINDS.items()
}


def tag_of(entry: Entry) -> str:
    """Name of an entry's kind, as written in its bytes."""
    return str(entry.__struct_config__.tag)


def _wire(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_wire(item) for item in value]
    return str(value)


def canonical(entry: Entry) -> bytes:
    """Return the one byte form of an entry; equal entries, and only those, have equal bytes."""
    fields = {name: _wire(getattr(entry, name)) for name in entry.__struct_fields__}
    whole = {"entry": tag_of(entry), "version": VERSION, **fields}
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def parse(body: bytes) -> Entry:
    """Read canonical bytes back; ValueError where they are not exactly what we would write."""
    try:
        fields = json.loads(body)
        if fields.pop("version") != VERSION:
            raise ValueError("unknown version")
        for name in _BYTES_FIELDS[fields["entry"]]:
            fields[name] = bytes.fromhex(fields[name])
        entry: Entry = msgspec.convert(fields, Entry, strict=False, builtin_types=(bytes,))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a ledger entry: {error}") from error
    if canonical(entry) != body:
        raise ValueError("not a ledger entry: the bytes are not in canonical form")
    return entry


Found: TypeAlias = Iterator[tuple[str, str, str]]  # field, problem, fix


def _identifier(field: str, text: str) -> Found:
    if not (isinstance(text, str) and well_formed(text)) or text.endswith("\n"):
        yield field, f"{text!r} is no identifier", f"use {PATTERN}"


def _name(field: str, text: str) -> Found:
    if not (isinstance(text, str) and _NAME.fullmatch(text)):
        yield field, f"{text!r} is no name", f"use {NAME_PATTERN}"


def _whole(field: str, number: int, low: int) -> Found:
    if type(number) is not int or not low <= number <= INT64_MAX:
        yield field, f"{number!r} is out of range", f"give a whole number from {low} to 2^63-1"


def _root(count: int, root: bytes) -> Found:
    yield from _whole("count", count, 0)
    if not isinstance(root, bytes) or len(root) != HASH_BYTES:
        yield "root", "is not a SHA-256 hash", f"give {HASH_BYTES} bytes"
    elif (root == EMPTY_ROOT) != (count == 0):
        yield "count", f"{count} leaves do not fit the root", "count the leaves under the root"


def _authorised(entry: ParticipantAuthorised) -> Found:
    yield from _identifier("participant", entry.participant)
    yield from _identifier("role", entry.role)


def _terms(entry: TermsCommitted) -> Found:
    yield from _name("session", entry.session)
    yield from _root(entry.count, entry.root)


def _signed(entry: AgreementSigned) -> Found:
    if not (isinstance(entry.agreement, str) and NAME.fullmatch(entry.agreement)):
        yield "agreement", f"{entry.agreement!r} is no name", f"use {NAME.pattern}"
    yield from _whole("revision", entry.revision, 1)
    for field, value in (("terms_hash", entry.terms_hash), ("digest", entry.digest)):
        if not isinstance(value, bytes) or len(value) != HASH_BYTES:
            yield field, "is not a keccak-256 hash", f"give {HASH_BYTES} bytes"


def _anchored(entry: RootAnchored) -> Found:
    if entry.kind not in ANCHORED:
        yield "kind", f"{entry.kind!r} is unknown", f"use one of {', '.join(ANCHORED)}"
    yield from _identifier("subject", entry.subject)
    yield from _name("period", entry.period)
    yield from _root(entry.count, entry.root)


def _settled(entry: NetSettled) -> Found:
    yield from _name("period", entry.period)
    if not (isinstance(entry.currency, str) and _CURRENCY.fullmatch(entry.currency)):
        yield "currency", f"{entry.currency!r} is no currency", "use three capitals (ISO 4217)"
    problems: list[tuple[str, str, str]] = []
    for row, (participant, amount) in enumerate(entry.positions):
        problems += _identifier(f"positions[{row}]", participant)
        problems += _whole(f"positions[{row}]", amount, -INT64_MAX)
    yield from problems or _netted(entry.positions)


def _netted(positions: Sequence[tuple[str, int]]) -> Found:
    parties = [participant for participant, _ in positions]
    if any(left >= right for left, right in pairwise(parties)):
        yield "positions", "are not in ascending order, each participant once", "sort and merge"
    total = sum(amount for _, amount in positions)
    if total:
        yield "positions", f"sum to {total}, not to zero", "net the period again"


_CHECKS: dict[type[Entry], Callable[..., Found]] = {
    ParticipantAuthorised: _authorised,
    TermsCommitted: _terms,
    RootAnchored: _anchored,
    NetSettled: _settled,
    AgreementSigned: _signed,
}


def faults(entries: Sequence[Entry]) -> tuple[Fault, ...]:
    """List everything that is wrong with entries, in their order; none means they may go on."""
    return tuple(
        Fault(f"entry {place}", 0, f"{tag_of(entry)}.{field}", problem, fix)
        for place, entry in enumerate(entries)
        for field, problem, fix in _CHECKS[type(entry)](entry)
    )
