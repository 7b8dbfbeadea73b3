"""What a bill shows beside its documents: readings, energy over time, what it is compared with.

Figures are made once, when documents are issued, and kept: a bill that was sent never changes,
whatever is read, paid or corrected later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np

from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Ints, checked_sum
from gridpact.settlement.lines import MEMBER, Lines
from gridpact.settlement.periods.energy import OF_MEMBERS, Inputs
from gridpact.settlement.periods.rules import Clause, Rules
from gridpact.settlement.periods.segments import Memberships
from gridpact.settlement.periods.terms import CATEGORY, flows

EDGES = ("start", "end")
UNREAD_S = -(2**62)
"""Instant of a display that nobody read."""
_SHARED = ("sharing", "trade", "imbalance", "flexibility", "certificate")
_BESIDE = ("trade:", "shared:", "plan:", "imbalance:")
_FEW_DAYS, _MANY_DAYS, _HOUR_S = 2, 62, 3600
_ROWS = 1 << 17


class Shown(msgspec.Struct, frozen=True):
    """Displays of a register of all members at one edge of the period [members].

    ``wh`` is the whole register [Wh]; ``at_s`` when the reading that it rests on was taken
    [s since the epoch], :data:`UNREAD_S` for none. Where that is not the edge itself, ``wh`` is
    an estimate from that reading and the slots between. ``meter`` names the device.
    """

    wh: Ints
    at_s: Ints
    meter: tuple[str, ...]


class Last(msgspec.Struct, frozen=True):
    """The period before [members]: energy [Wh] and what was owed [minor units].

    ``there`` is 1 for who was billed then, else 0.
    """

    period: str
    there: Ints
    withdrawn_wh: Ints
    injected_wh: Ints
    owed_minor: Ints


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of all members of a period, in the order of ``members``.

    ``edges_s`` [parts + 1] bound the hours, days or months of ``by_part_wh`` [2, parts, members],
    energy withdrawn and injected [Wh]. ``displays`` are by register and edge, such as
    ``withdrawal start``. ``prepaid_minor`` was paid ahead and is used for the period,
    ``billed_minor`` is what earlier bills of the period asked for, ``deposit_minor`` is held as
    collateral, ``supplier_only_minor`` would be owed without the community, None where that could
    not be settled [minor units].
    """

    members: tuple[str, ...]
    edges_s: tuple[int, ...]
    by_part_wh: Ints
    displays: dict[str, Shown]
    prepaid_minor: Ints
    billed_minor: Ints
    deposit_minor: Ints
    supplier_only_minor: Ints | None = None
    last: Last | None = None


def digest(figures: Figures) -> str:
    """Return the SHA-256 of figures, as hexadecimal digits."""
    found = hashlib.sha256()

    def hook(value: object) -> object:
        if isinstance(value, np.ndarray):
            found.update(np.ascontiguousarray(value, dtype="<i8").data)
            return list(value.shape)
        raise TypeError(type(value))

    found.update(msgspec.json.encode(figures, enc_hook=hook, order="deterministic"))
    return found.hexdigest()


def owed_by(lines: Lines, members: tuple[str, ...], currency: str) -> Ints:
    """Return what each member owes by lines, net of what it is owed [minor units] [members]."""
    sign = np.array(
        [(head.payer == MEMBER) - (head.payee == MEMBER) for head in lines.heads], np.int64
    )
    sign[[head.currency != currency for head in lines.heads]] = 0
    place = {name: row for row, name in enumerate(members)}
    row = np.array([place.get(name, len(members)) for name in lines.owners], np.int64)
    found = np.zeros(len(members) + 1, np.int64)
    if len(lines):
        np.add.at(found, row[lines.owner], sign[lines.head] * lines.minor)
    return found[:-1]


def without_community(rules: Rules) -> Rules:
    """Return the rules of members who only have a supplier and a network.

    What remains are contracts of members with others than the operator that need no trade, no
    shared energy and no plan.
    """
    kept = tuple(clause for clause in rules.clauses if _remains(rules, clause))
    return msgspec.structs.replace(rules, clauses=kept, groups=(), activating=())


def _remains(rules: Rules, clause: Clause) -> bool:
    if clause.of != "members" or clause.category in _SHARED:
        return False
    operators = {name for name, role in rules.parties.items() if role == "operator"}
    found = flows(rules, clause, {*OF_MEMBERS})
    heads = [flow.head for flow in found]
    kinds = {clause.category or CATEGORY.get(head.kind, "other") for head in heads}
    needed = {name for flow in found for name in flow.needs}
    return not (
        kinds & {*_SHARED}
        or operators & {side for head in heads for side in (head.payer, head.payee)}
        or any(name.startswith(_BESIDE) for name in needed)
    )


def without_sharing(inputs: Inputs) -> Inputs:
    """Return inputs of a period in which nothing is shared or traded."""
    return Inputs(inputs.metered, inputs.prices, {}, None)


def parts_of(period: Slots, calendar: Calendar) -> tuple[int, ...]:
    """Return the edges of a period's parts: hours of few days, months of many, else days."""
    edges = [period.start]
    while edges[-1] < period.end:
        edges.append(calendar.day(calendar.date_of(edges[-1])).end)
    days = len(edges) - 1
    if days <= _FEW_DAYS:
        return (*range(period.start, period.end, _HOUR_S), period.end)
    if days > _MANY_DAYS:
        edges = [at for at in edges if calendar.date_of(at).day == 1 or at in (edges[0], edges[-1])]
    return tuple(edges)


def by_part(rules: Rules, inputs: Inputs, edges_s: tuple[int, ...]) -> Ints:
    """Return what members withdrew and injected [Wh] in each part, [2, parts, members].

    Only while they belonged to the community.
    """
    who, calendar = Memberships(rules), Calendar(rules.timezone, rules.step_s)
    count = len(rules.members)
    found = np.zeros((2, len(edges_s) - 1, count), np.int64)
    for part, slots in _stretches(edges_s, calendar):
        active = who.active(slots)
        for first in range(0, count, _ROWS):
            rows = slice(first, min(first + _ROWS, count))
            for row, wh in enumerate(inputs.metered(slots, rows)[:2]):
                inside = np.where(active[rows], wh, 0).astype(np.int64)
                found[row, part, rows] += checked_sum(inside, axis=-1)
    return found


def _stretches(edges_s: tuple[int, ...], calendar: Calendar) -> Iterator[tuple[int, Slots]]:
    """Yield the slots of each part, by local days where it has more than one."""
    for part, (first, end) in enumerate(pairwise(edges_s)):
        at = first
        while at < end:
            until = min(calendar.day(calendar.date_of(at)).end, end)
            yield part, Slots(at, calendar.step, (until - at) // calendar.step)
            at = until
