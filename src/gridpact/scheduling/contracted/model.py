"""What scheduling keeps of agreements: offers, versions that bind, choices, and baselines.

What was signed is taken from the offer itself; what became of it from the messages of agreements.
"""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec.structs import replace

from gridpact.agreements.messages import ProposeAgreement
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints

PREFIX = "agreement/"
"""Begins the names of bounds that agreements put on a plan; no identifier has a stroke."""
OPEN_END = -1
"""End of a suspension that has not ended."""
NONE = np.zeros(0, np.int64)


class BySlot(msgspec.Struct, frozen=True):
    """``values`` in the slots that begin at ``starts`` (sorted) [s since the epoch]."""

    starts: Ints = msgspec.field(default_factory=lambda: NONE)
    values: Ints = msgspec.field(default_factory=lambda: NONE)

    def revised(self, starts: Ints, values: Ints) -> BySlot:
        """Return this with other values in some slots."""
        kept = ~np.isin(self.starts, starts)
        every = np.concatenate([self.starts[kept], starts])
        order = np.argsort(every, kind="stable")
        return BySlot(every[order], np.concatenate([self.values[kept], values])[order])

    def without(self, starts: Ints) -> BySlot:
        """Return this without some slots."""
        kept = ~np.isin(self.starts, starts)
        return BySlot(self.starts[kept], self.values[kept])

    def since(self, instant: int) -> BySlot:
        """Return this without slots that begin earlier."""
        kept = self.starts >= instant
        return BySlot(self.starts[kept], self.values[kept])

    def on(self, slots: Slots) -> tuple[Ints, Bools]:
        """Return values [slots.count], 0 where there is none, and where there is one."""
        values, present = np.zeros(slots.count, np.int64), np.zeros(slots.count, np.bool_)
        here = (self.starts >= slots.start) & (self.starts < slots.end)
        places = (self.starts[here] - slots.start) // slots.step
        values[places], present[places] = self.values[here], True
        return values, present


class Signed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of an agreement: its ``offer``, its state as last told, when it ``ends``.

    ``chosen`` are choices by label, ``planned`` those that plans made in their author's name and
    that are not told yet. It binds once ``bound``, until it ends.
    """

    offer: ProposeAgreement
    state: str
    ends: int
    bound: bool = False
    chosen: dict[str, BySlot] = {}
    planned: dict[str, BySlot] = {}

    @property
    def id(self) -> str:
        """Identifier of the agreement."""
        return self.offer.agreement.id

    @property
    def version(self) -> int:
        """Number of the version."""
        return self.offer.agreement.version

    @property
    def whole_life(self) -> Slots:
        """The slots in which it runs, were it never suspended."""
        agreement = self.offer.agreement
        return Slots(
            agreement.start, agreement.step, (self.ends - agreement.start) // agreement.step
        )

    def standing(self, label: str, slots: Slots, *, planned: bool) -> tuple[Ints, Bools]:
        """Return a choice [slots.count] as it was told, or else ``planned``; and where it was."""
        values, made = self.chosen.get(label, BySlot()).on(slots)
        if planned and label in self.planned:
            meant, present = self.planned[label].on(slots)
            values, made = np.where(made, values, meant), made | present
        return values, made

    def life(self, slots: Slots) -> Slots:
        """Return those of some slots in which it runs, were it never suspended; maybe none."""
        start = max(slots.start, self.offer.agreement.start)
        end = min(slots.end, self.ends) if self.bound else start
        return Slots(start, slots.step, max(end - start, 0) // slots.step)


class Contracts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Agreements as scheduling knows them.

    ``offers`` were made and not answered yet; ``signed`` are versions that are offered or bind.
    ``suspended`` are spans ``[from, to)`` by agreement [s since the epoch]. ``baseline`` is what
    each member was planned to take net when something was agreed that counts from it [Wh].
    ``delegated`` are members who leave their choices to plans, by agreement; ``asked_at`` is when a
    session last asked for a plan, and ``due_at`` when the next choice is told [s since the epoch].
    """

    offers: tuple[ProposeAgreement, ...] = ()
    signed: tuple[Signed, ...] = ()
    suspended: dict[str, tuple[tuple[int, int], ...]] = {}
    baseline: dict[str, BySlot] = {}
    delegated: dict[str, tuple[str, ...]] = {}
    asked_at: int = 0
    due_at: int = 0

    def known(self, name: str, version: int) -> Signed | None:
        """Return a version that is offered or binds."""
        same = (one for one in self.signed if (one.id, one.version) == (name, version))
        return next(same, None)

    def with_version(self, new: Signed) -> Contracts:
        """Return this with a version in place of what was known of it, in order of names."""
        others = (one for one in self.signed if (one.id, one.version) != (new.id, new.version))
        order = sorted((*others, new), key=lambda one: (one.id, one.version))
        return replace(self, signed=tuple(order))

    def without(self, name: str, version: int | None = None) -> Contracts:
        """Return this without an agreement, or one version of it."""
        kept = tuple(
            one
            for one in self.signed
            if one.id != name or (version is not None and one.version != version)
        )
        return replace(self, signed=kept)

    def without_planned(self, choice: tuple[str, int, str], starts: Ints) -> Contracts:
        """Return this without what plans made of a choice in some slots.

        ``choice`` are its agreement, version and label.
        """
        known, label = self.known(choice[0], choice[1]), choice[2]
        if known is None or label not in known.planned or not starts.size:
            return self
        planned = {**known.planned, label: known.planned[label].without(starts)}
        return self.with_version(replace(known, planned=planned))

    def stands_still(self, name: str, slots: Slots) -> Bools:
        """Return in which slots an agreement is suspended [slots.count]."""
        starts, found = slots.starts(), np.zeros(slots.count, np.bool_)
        for begin, end in self.suspended.get(name, ()):
            found |= (starts >= begin) & ((starts < end) | (end == OPEN_END))
        return found


def name_of(agreement: str) -> str:
    """Name of the bounds that an agreement puts on a plan."""
    return PREFIX + agreement


def agreement_of(name: str) -> str:
    """Identifier of the agreement behind a name, "" where it is not one of a contract."""
    return name.split("/")[1] if name.startswith(PREFIX) else ""


def spoken(name: str) -> str:
    """Call a bound by its agreement for people, as ``contract roof``; any other name as it is."""
    agreement = agreement_of(name)
    return f"contract {agreement}" if agreement else name
