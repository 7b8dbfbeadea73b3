"""What is kept of an agreement: its versions, who signed, what was chosen, when it stood still."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

import msgspec
import numpy as np

from gridpact.agreements.model import Agreement
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.contracts.canonical import from_bytes
from gridpact.contracts.needs import factors, nodes
from gridpact.contracts.observables import Choice
from gridpact.contracts.terms import Contract

OPEN_END = -1
"""End of a suspension that has not ended."""


class State(StrEnum):
    """Where a version stands. The first is an offer, the next three bind, the rest are over."""

    PROPOSED = "proposed"
    COUNTERSIGNED = "countersigned"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    SUPERSEDED = "superseded"
    TERMINATED = "terminated"
    EXPIRED = "expired"


BINDING = frozenset({State.COUNTERSIGNED, State.ACTIVE, State.SUSPENDED})


class Chosen(msgspec.Struct, frozen=True):
    """What was decided of one choice: ``values`` in the slots that begin at ``starts`` (sorted)."""

    starts: Ints
    values: Ints

    def revised(self, slots: Slots, values: Ints) -> Chosen:
        """Return this with other values in some slots."""
        kept = (self.starts < slots.start) | (self.starts >= slots.end)
        starts = np.concatenate([self.starts[kept], slots.starts()])
        order = np.argsort(starts, kind="stable")
        return Chosen(starts[order], np.concatenate([self.values[kept], values])[order])

    def on(self, slots: Slots) -> tuple[Ints, Bools]:
        """Return values [slots.count], 0 where nothing was decided, and where something was."""
        values, decided = np.zeros(slots.count, np.int64), np.zeros(slots.count, np.bool_)
        here = (self.starts >= slots.start) & (self.starts < slots.end)
        places = (self.starts[here] - slots.start) // slots.step
        values[places], decided[places] = self.values[here], True
        return values, decided


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an agreement and what became of it.

    ``ends`` is the first instant at which it no longer runs, and ``ending`` what it is from then
    on; a termination or a later version bring them forward. ``consents`` are the instants to
    which parties signed that it may end. ``bound_at`` is when the last party signed, -1 before.
    """

    agreement: Agreement
    digest: bytes
    proposer: str
    signatures: dict[str, bytes]
    state: State
    ends: int
    ending: State = State.EXPIRED
    bound_at: int = -1
    consents: dict[str, int] = {}
    chosen: dict[str, Chosen] = {}

    @property
    def binds(self) -> bool:
        """Whether all have signed and it has not come to its end."""
        return self.state in BINDING

    def runs(self, slots: Slots) -> Slots:
        """Return those of some slots in which it runs, were it never suspended; maybe none."""
        step = slots.step
        start = max(slots.start, self.agreement.start)
        end = min(slots.end, self.ends) if self.bound_at >= 0 else start
        return Slots(start, step, max(end - start, 0) // step)


class Record(msgspec.Struct, frozen=True):
    """All versions of one agreement, in their order, and when it was suspended.

    ``suspended`` are spans ``[from, to)`` [s since the epoch] on slots; an open one ends at -1.
    """

    versions: tuple[Version, ...] = ()
    suspended: tuple[tuple[int, int], ...] = ()

    @property
    def is_suspended(self) -> bool:
        """Whether it stands still."""
        return bool(self.suspended) and self.suspended[-1][1] == OPEN_END

    @property
    def in_force(self) -> Version | None:
        """The latest version that binds; one that has yet to begin comes before the one running."""
        return next((each for each in reversed(self.versions) if each.binds), None)

    @property
    def running(self) -> Version | None:
        """The first version that binds: the one that runs, or will first."""
        return next((each for each in self.versions if each.binds), None)

    def version(self, number: int) -> Version | None:
        """Return a version by its number."""
        return self.versions[number - 1] if 1 <= number <= len(self.versions) else None

    def active(self, slots: Slots) -> Bools:
        """Return in which slots the agreement runs and is not suspended, [slots.count]."""
        starts, found = slots.starts(), np.zeros(slots.count, np.bool_)
        for version in self.versions:
            if version.bound_at >= 0:
                found |= (starts >= version.agreement.start) & (starts < version.ends)
        return found & ~self.stands_still(slots)

    def stands_still(self, slots: Slots) -> Bools:
        """Return in which slots the agreement is suspended, [slots.count]."""
        starts, found = slots.starts(), np.zeros(slots.count, np.bool_)
        for begin, end in self.suspended:
            found |= (starts >= begin) & ((starts < end) | (end == OPEN_END))
        return found


@lru_cache(maxsize=256)
def contract_of(terms: bytes) -> Contract:
    """Return the contract of canonical bytes, parsed once."""
    return from_bytes(terms)


def choice_of(terms: bytes, label: str) -> Choice | None:
    """Return a choice that terms leave open, by its label."""
    found = nodes(factors(contract_of(terms)))
    return next((n for n in found if isinstance(n, Choice) and n.label == label), None)


def choosing_in(terms: bytes) -> frozenset[str]:
    """Return all to whom terms leave a choice."""
    found = nodes(factors(contract_of(terms)))
    return frozenset(node.by for node in found if isinstance(node, Choice))
