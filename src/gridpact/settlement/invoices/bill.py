"""A member's bill: its documents of a period netted, with the energy that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from gridpact.base.units import Ints
from gridpact.settlement.invoices.document import Document
from gridpact.settlement.periods.energy import SOURCES
from gridpact.settlement.periods.rules import Member

REGISTERS = ("withdrawal", "injection")


class Display(msgspec.Struct, frozen=True):
    """What a register displayed at an edge of the period [Wh].

    ``at_s`` is when the reading was taken that it rests on [s since the epoch]; where that is not
    the edge itself, it is ``estimated`` from there by the slots between. ``meter`` is the device.
    """

    wh: int
    at_s: int
    meter: str = ""
    estimated: bool = False


class Register(msgspec.Struct, frozen=True):
    """What a register counted over the period [Wh].

    ``start`` and ``end`` are what it displayed at the period's begin and end, None where nobody
    read it; ``energy_wh`` is the sum of its slots in either case.
    """

    name: str
    energy_wh: int
    start: Display | None = None
    end: Display | None = None


class Part(msgspec.Struct, frozen=True):
    """An hour, day or month of the period [s since the epoch], with its energy [Wh]."""

    first_s: int
    end_s: int
    withdrawn_wh: int
    injected_wh: int


_NONE: Mapping[tuple[str, str], Display] = {}


class Compared(msgspec.Struct, frozen=True):
    """What another period comes to for the same member.

    ``withdrawn_wh`` and ``injected_wh`` [Wh]; ``owed_minor`` is negative where it receives.
    """

    name: str
    withdrawn_wh: int
    injected_wh: int
    owed_minor: int


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """All documents of a member for a period, and what is left to pay.

    ``energy`` maps each of :data:`~gridpact.settlement.periods.energy.SOURCES` to energy [Wh].
    ``prepaid_minor`` was paid ahead and is used for the period, ``billed_minor`` is what bills
    before a correction asked for; ``deposit_minor`` is held as collateral and is not deducted.
    ``parts`` are energy over time; ``last`` is the period before
    and ``supplier_only_minor`` what would be owed without the community, None for not known.
    """

    member: str
    period: str
    first_s: int
    end_s: int
    currency: str
    documents: tuple[Document, ...]
    registers: tuple[Register, ...]
    energy: dict[str, int]
    prepaid_minor: int = 0
    billed_minor: int = 0
    deposit_minor: int = 0
    parts: tuple[Part, ...] = ()
    last: Compared | None = None
    supplier_only_minor: int | None = None

    @property
    def owed_minor(self) -> int:
        """What the member owes by all documents; negative where it receives."""
        return owed(self.documents, self.member, self.currency)

    @property
    def due_minor(self) -> int:
        """What this bill asks for beyond what was paid ahead and billed; negative to pay back."""
        return self.owed_minor - self.prepaid_minor - self.billed_minor


def owed(documents: Iterable[Document], member: str, currency: str) -> int:
    """Return what a member owes by documents [minor units], net of what it is owed."""
    found = 0
    for document in documents:
        if document.currency == currency:
            found += document.owed_minor if document.buyer == member else 0
            found -= document.owed_minor if document.seller == member else 0
    return found


def energy_of(energy_wh: Ints, row: int) -> dict[str, int]:
    """Return a member's energy by source from that of all, int64 [sources, members]."""
    return dict(zip(SOURCES, energy_wh[:, row].tolist(), strict=True))


def registers_of(
    member: Member, energy: dict[str, int], displays: Mapping[tuple[str, str], Display] = _NONE
) -> tuple[Register, ...]:
    """Return what the registers of a member's meter counted, as sums of slots.

    ``displays`` are by register and edge, ``start`` or ``end``.
    """
    return tuple(
        Register(
            name,
            energy[f"metered:{name}"],
            displays.get((name, "start")),
            displays.get((name, "end")),
        )
        for name in REGISTERS
        if name in member.registers
    )
