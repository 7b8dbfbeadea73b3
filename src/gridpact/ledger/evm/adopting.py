"""How the successor of a room is told which rows to take over.

A successor reads each row from its paused predecessor by itself, so it cannot be told a wrong one.
It has to be told which there are, as no room lists them. They follow from the entries. Where a room
gave something a number of its own, or several accounts come into question, the room is asked. A row
that is not named shows in the counts, and then the successor cannot open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.entries import Entry
from gridpact.ledger.evm.artifacts import ROOMS, contract
from gridpact.ledger.evm.typed import words
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.certificates import CertificateCancelled
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import WalletBound
from gridpact.ledger.kinds.roots import ANCHORED
from gridpact.ledger.state.state import State

MOST_ADOPTED = 64
"""Rows that contracts take over in one call."""
_NO_ROLE = bytes(32)
_WAYS = {"in": 1, "out": 2}
_CURRENCY_BITS = 128
_OWN_ACCOUNT = slice(12, 32)
"""What of an id is the account of a participant without a wallet."""

Ask: TypeAlias = Callable[..., Any]
"""Reads one value from the predecessor, by the function's name and its arguments."""


class Past(NamedTuple):
    """What a room's rows follow from: the state, all entries in their order, the room itself."""

    state: State
    entries: Iterable[Entry]
    ask: Ask


class Rows(NamedTuple):
    """Rows of one kind: the function that takes them, and a column for each of its arguments.

    Columns are as long as one another, or empty.
    """

    function: str
    columns: tuple[Sequence[object], ...]


def adoptions(number: int, past: Past) -> Iterator[bytes]:
    """Yield the calls by which the successor of a room takes all over, in their order."""
    name = ROOMS[number]
    for rows in _READ[name](past):
        most = max(map(len, rows.columns))
        for start in range(0, most, MOST_ADOPTED):
            batch = [column[start : start + MOST_ADOPTED] for column in rows.columns]
            yield contract(name).data(rows.function, *batch)


def _members(past: Past) -> Iterator[Rows]:
    pairs = [
        (name, role)
        for name, one in past.state.participants.rows.items()
        for role in one.roles or ("",)
    ]
    roles = [id_of(role) if role else _NO_ROLE for _, role in pairs]
    yield Rows("adopt", ([id_of(name) for name, _ in pairs], roles))
    attested = list(past.state.attestations)
    assets = [id_of(asset) for asset, _ in attested]
    yield Rows("adopt_attestations", (assets, [credential for _, credential in attested]))


def _terms(past: Past) -> Iterator[Rows]:
    yield Rows("adopt_forms", (list(past.state.forms),))
    yield Rows("adopt_sessions", (_ids(past.state.sessions),))
    yield Rows("adopt_agreements", (_ids(past.state.agreements),))


def _roots(past: Past) -> Iterator[Rows]:
    settled = [entry for entry in past.entries if isinstance(entry, NetSettled)]
    people = sorted({id_of(name) for entry in settled for name, _ in entry.positions})
    currencies = sorted({id_of(entry.currency) for entry in settled})
    yield Rows("adopt_places", (people, ()))
    yield Rows("adopt_places", ((), currencies))
    bases = [past.ask("currencies", each) << _CURRENCY_BITS for each in currencies]
    places = [past.ask("places", each) for each in people]
    for function, keys in (
        ("positions", sorted({base | place >> 2 for base in bases for place in places})),
        ("carries", sorted(base | place for base in bases for place in places)),
    ):
        yield Rows(f"adopt_{function}", ([key for key in keys if past.ask(function, key)],))
    anchors = [
        keccak256(words(ANCHORED.index(kind)) + id_of(subject) + id_of(period))
        for kind, subject, period in past.state.anchors
    ]
    yield Rows("adopt_roots", (anchors, ()))
    closed = [keccak256(id_of(subject) + id_of(period)) for subject, period in past.state.closed]
    yield Rows("adopt_roots", ((), closed))


def _tokens(past: Past) -> Iterator[Rows]:
    yield Rows("adopt", _pairs(past.state.balances))
    payments = ((token, *text.split("/", 1)) for token, text in past.state.payments)
    noted = [
        keccak256(id_of(token) + words(_WAYS[way]) + id_of(name)) for token, way, name in payments
    ]
    yield Rows("adopt_payments", (noted,))


def _certificates(past: Past) -> Iterator[Rows]:
    yield Rows("adopt_issues", (_ids(past.state.issues),))
    yield Rows("adopt_holdings", _pairs(past.state.holdings))
    claims = [
        (issue, account)
        for issue, account in _claims(past.entries)
        if past.ask("claimedBalanceOf", account, int.from_bytes(issue, "big"))
    ]
    yield Rows("adopt_claims", ([issue for issue, _ in claims], [each for _, each in claims]))


def _claims(entries: Iterable[Entry]) -> list[tuple[bytes, bytes]]:
    """Issue and account of whatever may have been claimed: of all wallets that a holder ever had.

    A participant without a wallet is shown under an account of its own, made of its id.
    """
    wallets, cancelled = dict[str, set[bytes]](), set[tuple[str, str]]()
    for entry in entries:
        if isinstance(entry, WalletBound):
            wallets.setdefault(entry.participant, set()).add(entry.wallet)
        elif isinstance(entry, CertificateCancelled):
            cancelled.add((entry.certificate, entry.holder))
    return sorted(
        {
            (id_of(issue), account)
            for issue, holder in cancelled
            for account in {id_of(holder)[_OWN_ACCOUNT], *wallets.get(holder, ())}
        }
    )


def _patches(past: Past) -> Iterator[Rows]:
    yield Rows("adopt", (_ids(past.state.patches),))


def _ids(names: Iterable[str]) -> list[bytes]:
    return [id_of(name) for name in names]


def _pairs(table: Iterable[tuple[str, str]]) -> tuple[list[bytes], list[bytes]]:
    """Ids of what there is some of, and of whose it is."""
    pairs = list(table)
    return _ids(what for what, _ in pairs), _ids(who for _, who in pairs)


_READ: dict[str, Callable[[Past], Iterator[Rows]]] = {
    "Members": _members,
    "Terms": _terms,
    "Roots": _roots,
    "Tokens": _tokens,
    "Certificates": _certificates,
    "Patches": _patches,
}
