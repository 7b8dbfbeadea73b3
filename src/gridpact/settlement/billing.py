"""What members paid over a run's settled days, line by line and beside the supplier alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.base.rounding import RULES
from gridpact.base.units import Ints, checked_add, checked_sum
from gridpact.registry.model import Community
from gridpact.settlement.messages import DaySettled, LineKind

MEMBER = "member"
MEMBERS = "members"


@dataclass(frozen=True)
class Bills:
    """Sums over settled ``days``; positive: the member pays.

    ``paid_minor`` and ``paid_nano`` [kinds, members] are sums of rounded and of exact lines,
    ``energy_wh`` [kinds, members] the energy behind them. ``operator_*`` [operator kinds] go from
    payer to payee. ``supplier_only_*`` [members] is the counterfactual, rounded once per day.
    """

    days: tuple[str, ...]
    kinds: tuple[LineKind, ...]
    paid_minor: Ints
    paid_nano: Ints
    energy_wh: Ints
    operator_kinds: tuple[LineKind, ...]
    operator_minor: Ints
    operator_nano: Ints
    supplier_only_nano: Ints
    supplier_only_minor: Ints

    @property
    def total_minor(self) -> Ints:
        """What each member pays in all [minor units], shape [members]."""
        return checked_sum(self.paid_minor, axis=0)

    @property
    def saving_minor(self) -> Ints:
        """What each member pays less than with the supplier alone [minor units]."""
        return checked_add(self.supplier_only_minor, -self.total_minor)


def name_of(kind: LineKind) -> str:
    """Contract and kind as in line identifiers, such as ``supplier.import``."""
    return f"{kind.contract}.{kind.kind}"


def bills(community: Community, settled: Sequence[DaySettled]) -> Bills:
    """Add up the statements of settled days."""
    members = len(community.members.ids)
    kinds = tuple(dict.fromkeys(kind for day in settled for kind in day.kinds))
    own = tuple(dict.fromkeys(kind for day in settled for kind in day.operator_kinds))
    nano, minor, energy = np.zeros((3, len(kinds), members), np.int64)
    own_nano, own_minor = np.zeros((2, len(own)), np.int64)
    alone_nano, alone_minor = np.zeros((2, members), np.int64)
    rule, unit = RULES[community.settlement.rounding], community.settlement.minor_nano
    for day in settled:
        rows = [kinds.index(kind) for kind in day.kinds]
        sign = np.array([1 if kind.payer == MEMBER else -1 for kind in day.kinds], np.int64)
        nano[rows] = checked_add(nano[rows], sign[:, None] * day.nano)
        minor[rows] = checked_add(minor[rows], sign[:, None] * day.minor)
        energy[rows] = checked_add(energy[rows], day.energy_wh)
        rows = [own.index(kind) for kind in day.operator_kinds]
        own_nano[rows] = checked_add(own_nano[rows], day.operator_nano)
        own_minor[rows] = checked_add(own_minor[rows], day.operator_minor)
        alone_nano = checked_add(alone_nano, day.supplier_only_nano)
        alone_minor = checked_add(alone_minor, rule(day.supplier_only_nano, unit))
    days = tuple(day.day for day in settled)
    return Bills(
        days, kinds, minor, nano, energy, own, own_minor, own_nano, alone_nano, alone_minor
    )


def received(found: Bills, *, exact: bool) -> dict[str, dict[str, int]]:
    """What each party receives by line name: ``{party: {contract.kind: amount}}``.

    Members are one party, :data:`MEMBERS`. Amounts are nano where ``exact``, else minor units;
    every line name sums to zero over the parties.
    """
    paid = found.paid_nano if exact else found.paid_minor
    own = found.operator_nano if exact else found.operator_minor
    table: dict[str, dict[str, int]] = {MEMBERS: {}}

    def book(party: str, name: str, amount: int) -> None:
        line = table.setdefault(party, {})
        line[name] = line.get(name, 0) + amount

    for kind, amount in zip(found.kinds, checked_sum(paid, axis=1).tolist(), strict=True):
        book(MEMBERS, name_of(kind), -amount)
        book(kind.payee if kind.payer == MEMBER else kind.payer, name_of(kind), amount)
    for kind, amount in zip(found.operator_kinds, own.tolist(), strict=True):
        book(kind.payer, name_of(kind), -amount)
        book(kind.payee, name_of(kind), amount)
    return table
