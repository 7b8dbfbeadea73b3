"""The rules of a community's money, as values.

Everything that has a time is a :class:`Span` between local midnights. Nobody's name or address
is here: members are identifiers. Contracts are held as their signed bytes, so that the digest of
rules is the digest of what was agreed.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import msgspec

from gridpact.contracts.canonical import from_bytes
from gridpact.contracts.terms import Contract

NEVER_S = 2**60
"""An instant before or after everything that is settled."""


class Span(msgspec.Struct, frozen=True, order=True):
    """From ``first_s`` until ``end_s`` [s since the epoch]; half-open."""

    first_s: int = -NEVER_S
    end_s: int = NEVER_S

    @property
    def empty(self) -> bool:
        """Whether no instant lies within."""
        return self.first_s >= self.end_s

    def __and__(self, other: Span) -> Span:
        """Return what both have in common, which may be empty."""
        return Span(max(self.first_s, other.first_s), min(self.end_s, other.end_s))


ALWAYS = Span()


class Supply(msgspec.Struct, frozen=True, order=True):
    """Who supplies a member over a span."""

    span: Span
    supplier: str


class Member(msgspec.Struct, frozen=True, order=True, gc=False):  # there may be millions
    """One who has a metering point and is settled while it belongs to the community.

    ``registers`` are those that its meter has; what has no register is nothing. ``supplies`` do
    not overlap. ``deposit_minor`` is the collateral that it owes and
    ``prepaid_minor`` what it pays ahead for each billing period [minor units].
    """

    id: str
    point: str
    span: Span = ALWAYS
    registers: tuple[str, ...] = ("withdrawal", "injection")
    supplies: tuple[Supply, ...] = ()
    deposit_minor: int = 0
    prepaid_minor: int = 0


class Clause(msgspec.Struct, frozen=True, order=True):
    """A contract of the community, with the party ``member`` for each to whom it applies.

    ``terms`` are the contract's canonical bytes. It applies over ``span`` to ``members``, to all
    where that is None; where ``supplier`` is named, while that is the member's supplier. A clause
    of ``groups`` applies to balance groups instead, and ``member`` is their responsible party; one
    of ``activations`` to the parties that activated, for what they changed.
    """

    name: str
    terms: bytes
    category: str = "other"
    span: Span = ALWAYS
    members: tuple[str, ...] | None = None
    supplier: str = ""
    of: str = "members"

    @property
    def contract(self) -> Contract:
        """The terms as a contract."""
        return _contract(self.terms)


@lru_cache(maxsize=4096)
def _contract(terms: bytes) -> Contract:
    return from_bytes(terms)


class Rate(msgspec.Struct, frozen=True, order=True):
    """A tax's rate [ppm] over a span."""

    span: Span
    ppm: int


class Tax(msgspec.Struct, frozen=True, order=True):
    """A tax on lines, paid by who pays them to who receives them.

    ``on`` names lines as ``clause.kind``, or ``clause`` for all of its kinds. ``rates`` do not
    overlap. Where a rate changes within a billing period, lines are divided there, or with
    ``change`` ``refuse`` the period is not settled.
    """

    name: str
    on: tuple[str, ...]
    rates: tuple[Rate, ...]
    change: str = "divide"

    def covers(self, clause: str, kind: str) -> bool:
        """Tell whether lines of a clause and kind are taxed."""
        return clause in self.on or f"{clause}.{kind}" in self.on


class Group(msgspec.Struct, frozen=True, order=True):
    """A balance group: members whose deviations are settled together by one responsible party."""

    name: str
    responsible: str
    members: tuple[str, ...]


class Billing(msgspec.Struct, frozen=True):
    """How bills are made: when runs are due and for how long they can be corrected.

    ``revised_days`` and ``final_days`` count from a period's end until the revised and the final
    run; ``correction_days`` until which corrections are lawful. ``due_days`` is the time to pay.
    """

    due_days: int = 14
    revised_days: int = 30
    final_days: int = 365
    correction_days: int = 1095


class Rules(msgspec.Struct, frozen=True):
    """Rules of a book.

    ``minor_nano`` are the nano-¤ of a minor unit, ``rounding`` names a rule of
    :data:`gridpact.base.rounding.RULES`. ``parties`` maps identifiers to roles (``operator``,
    ``supplier``, ``dso``, ``state``, ``other``). ``activating`` are parties that carry what their
    activations changed. ``suspect`` says what becomes of readings that validation doubts: they
    are refused, or taken as they are.
    """

    name: str
    currency: str
    minor_nano: int
    rounding: str
    timezone: str
    step_s: int
    parties: dict[str, str]
    members: tuple[Member, ...]
    clauses: tuple[Clause, ...]
    taxes: tuple[Tax, ...] = ()
    groups: tuple[Group, ...] = ()
    activating: tuple[str, ...] = ()
    billing: Billing = Billing()
    suspect: str = "refuse"

    @property
    def digest(self) -> str:
        """SHA-256 of the rules as canonical JSON, as hexadecimal digits."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()
