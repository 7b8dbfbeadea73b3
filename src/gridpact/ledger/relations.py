"""What the fields of one entry must have to do with each other, beyond what each may hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise
from operator import attrgetter, eq
from typing import Any, TypeAlias, get_args

from gridpact.base.units import INT64_MAX
from gridpact.ledger.kinds.fields import Check, Identifier, Key, Kind, sized, whole
from gridpact.ledger.kinds.founding import Act, LedgerFounded
from gridpact.ledger.kinds.money import NetSettled, TokensTransferred
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import AgreementCommitted, TermsCommitted
from gridpact.ledger.merkle import EMPTY_ROOT

Found: TypeAlias = Iterator[tuple[str, str, str]]  # field, problem, fix

MOST_IN_ACT = 10_000
"""Entries that one act may cover."""
SIGNATURE_BYTES = 64
_WALLET_SIGNATURE_BYTES = 65


def _check_of(hint: Any) -> Check:
    found: Check = get_args(hint)[1]
    return found


_identifier, _key = _check_of(Identifier), _check_of(Key)
_signature = sized("an Ed25519 signature", SIGNATURE_BYTES)
_wallet_signature = sized("a wallet's signature (r, s, v)", _WALLET_SIGNATURE_BYTES)


def _amount(number: object) -> tuple[str, str] | None:
    return whole(number, -INT64_MAX)


def _each(field: str, values: Sequence[object], check: Check) -> Found:
    for row, value in enumerate(values):
        if problem := check(value):
            yield f"{field}[{row}]", *problem


def _pairs(field: str, pairs: Sequence[tuple[str, Any]], check: Check) -> Found:
    """Check ``(identifier, value)``, and that identifiers ascend, each once."""
    problems = [
        (f"{field}[{row}]", *problem)
        for row, (name, value) in enumerate(pairs)
        for problem in (_identifier(name), check(value))
        if problem
    ]
    yield from problems
    if not problems and any(left >= right for (left, _), (right, _) in pairwise(pairs)):
        yield field, "are not in ascending order, each participant once", "sort and merge"


def _rooted(entry: TermsCommitted | RootAnchored) -> Found:
    count, root = entry.count, entry.root
    if isinstance(root, bytes) and (root == EMPTY_ROOT) != (count == 0):
        yield "count", f"{count} leaves do not fit the root", "count the leaves under the root"


def _netted(entry: NetSettled) -> Found:
    problems = list(_pairs("positions", entry.positions, _amount))
    yield from problems
    if any(field != "positions" for field, _, _ in problems):
        return
    total = sum(amount for _, amount in entry.positions)
    if total:
        yield "positions", f"sum to {total}, not to zero", "net the period again"


def _founded(entry: LedgerFounded) -> Found:
    yield from _pairs("authorities", entry.authorities, _key)
    if len({key for _, key in entry.authorities}) < len(entry.authorities):
        yield "authorities", "share a key", "give each authority a key of its own"
    if not entry.authorities:
        yield "authorities", "are none", "name at least one with its key"
    elif type(entry.quorum) is int and entry.quorum > len(entry.authorities):
        yield "quorum", f"{entry.quorum} of {len(entry.authorities)}", "ask for no more than all"


def _acting(entry: Act) -> Found:
    yield from _each("by", entry.by, _identifier)
    yield from _each("signatures", entry.signatures, _signature)
    if not entry.by or len(set(entry.by)) < len(entry.by):
        yield "by", "names nobody, or somebody twice", "name each signer once"
    if len(entry.signatures) != len(entry.by):
        number = f"{len(entry.signatures)} signatures of {len(entry.by)} signers"
        yield "signatures", number, "let each of them sign"
    if type(entry.count) is int and entry.count > MOST_IN_ACT:
        yield "count", f"{entry.count} entries in one act", f"put at most {MOST_IN_ACT} in one"


def _committed(entry: AgreementCommitted) -> Found:
    yield from _pairs("signatures", entry.signatures, _wallet_signature)
    if len(entry.signatures) < 2:
        yield "signatures", "are not of two parties", "let all parties sign"


def _all_moved(found: Sequence[Any]) -> bool:
    return not any(map(eq, map(attrgetter("sender"), found), map(attrgetter("receiver"), found)))


def _moved(entry: Any) -> Found:
    if entry.sender == entry.receiver:
        yield "receiver", "is the sender", "name another, or leave it"


_RELATIONS: dict[type[Kind], Callable[[Any], Found]] = {
    TermsCommitted: _rooted,
    RootAnchored: _rooted,
    NetSettled: _netted,
    LedgerFounded: _founded,
    Act: _acting,
    AgreementCommitted: _committed,
    TokensTransferred: _moved,
}

_ALL_FINE: dict[type[Kind], Callable[[Sequence[Any]], bool]] = {TokensTransferred: _all_moved}
"""What tells of a kind that comes by thousands that none has a problem, without a look at each."""


def all_fine(kind: type[Kind], found: Sequence[Any]) -> bool:
    """Tell whether the fields of all entries of a kind go together."""
    quick, each = _ALL_FINE.get(kind), _RELATIONS.get(kind)
    if quick is not None:
        return quick(found)
    return each is None or not any(True for _ in chain.from_iterable(map(each, found)))


def relations_of(kind: type[Kind]) -> Callable[[Any], Found] | None:
    """Return the check of a kind's fields together; None where each stands for itself."""
    return _RELATIONS.get(kind)
