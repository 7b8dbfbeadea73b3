"""Where the energy of members came from and went, block by block.

Registers may come in narrower integers than int64, and series of them stay as narrow; whatever is
multiplied or added up is widened first.

Trades are firm, the sharing key divides what is over, the supplier takes the rest, and network
charges follow the meter, as on a community's day. All arrays are int64 [members, slots] in Wh; a
member who does not belong to the community has zeros, and takes no part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints, checked_add
from gridpact.contracts.evaluate import Known, World
from gridpact.settlement.allocation import Allocation
from gridpact.settlement.residual import network_split, position, residual

WITHDRAWAL, INJECTION = "metered:withdrawal", "metered:injection"
NET, PLANNED, HELD = "metered:net", "plan:net", "plan:held"
DEVIATION = "imbalance:deviation"
BOUGHT, SOLD = "trade:bought", "trade:sold"
ACTIVATED = "activated:"
"""What a party's activations changed of members' plans; the party's name follows."""
_RESIDUAL = ("supplier:in", "supplier:out", "network:outside", "network:local")
_SHARED = ("shared:in", "shared:out")
SOURCES = (WITHDRAWAL, INJECTION, BOUGHT, SOLD, *_SHARED, *_RESIDUAL)
"""Series that say where energy came from and went."""
OF_MEMBERS = (*SOURCES, NET, PLANNED, HELD, DEVIATION)
"""Series that differ from member to member, beside those that a book reads from files."""
OF_FILES = (BOUGHT, SOLD, PLANNED)
"""Those of them that are there only where a book reads them from files."""


class Metered(NamedTuple):
    """What two registers of members counted, whole numbers [members, slots], and where they did.

    ``present`` is None where nothing is missing; else it says so for the two registers apart.
    """

    withdrawal_wh: Ints
    injection_wh: Ints
    present: tuple[Bools, Bools] | None = None


Read: TypeAlias = Callable[[Slots, slice], Metered]
Own: TypeAlias = Callable[[Slots, slice], "Ints | Known"]
Share: TypeAlias = Callable[[Slots, Ints, Ints], Allocation]


class Inputs(msgspec.Struct, frozen=True):
    """What a period is settled on beside its rules.

    Parameters
    ----------
    metered : Read
        Readings of some members, in the order of the rules, on some slots.
    prices : World
        Series that are the same for all members, int64 [slots of the period] or Known.
    own : mapping of name to Own
        Series that each member has of its own, such as ``plan:net`` or ``trade:bought``.
    share : Share, optional
        Allocates the surplus of all members to the needs of all on some slots; without it
        nothing is shared.
    """

    metered: Read
    prices: World
    own: Mapping[str, Own] = {}
    share: Share | None = None


class Gap(NamedTuple):
    """Slots in which a member lacks a value of a series; ``first_s`` is where the first begins."""

    member: int
    series: str
    slots: int
    first_s: int


class Block(NamedTuple):
    """Members and slots that are worked on at a time, and who belongs to the community when."""

    rows: slice
    slots: Slots
    active: Bools


def of_all(name: str) -> str:
    """Return the name of a series that is worked out here, without the version of its method.

    ``shared:in@static.v1`` is ``shared:in``; a series of a file keeps its name.
    """
    head = name.partition("@")[0]
    return head if head in OF_MEMBERS else name


def energy(inputs: Inputs, block: Block, needed: Set[str]) -> tuple[dict[str, Ints], list[Gap]]:
    """Return the series needed of a block by name, and what is missing.

    What is missing counts as nothing here, so the values are of use only where no gap is told.
    """
    metered = inputs.metered(block.slots, block.rows)
    gaps = _gaps_of_registers(metered, block)
    found = {
        WITHDRAWAL: _masked(metered.withdrawal_wh, block.active),
        INJECTION: _masked(metered.injection_wh, block.active),
    }
    for name in sorted(_own_needed(inputs, needed)):
        found[name] = _own(inputs.own[name], name, block, gaps)
    if needed & {*_SHARED, *_RESIDUAL}:
        if inputs.share is None and BOUGHT not in found and SOLD not in found:
            _alone(found)
        else:
            _follow(found, inputs.share, block)
    if needed & {NET, DEVIATION}:
        found[NET] = _wide(found[INJECTION]) - _wide(found[WITHDRAWAL])
    if needed & {HELD, DEVIATION}:
        found[HELD] = _held(found)
    if DEVIATION in needed:
        found[DEVIATION] = checked_add(found[NET], -found[HELD])
    return found, gaps


def _own_needed(inputs: Inputs, needed: Set[str]) -> set[str]:
    """Series of files that are needed, also by what is computed of them."""
    wanted = set(needed)
    if needed & {*_SHARED, *_RESIDUAL}:
        wanted |= {BOUGHT, SOLD}
    if needed & {HELD, DEVIATION}:
        wanted |= {PLANNED, *(name for name in inputs.own if name.startswith(ACTIVATED))}
    return {name for name in wanted if name in inputs.own}


def _masked(values: Ints, active: Bools) -> Ints:
    return values if active.all() else np.where(active, values, 0)


def _own(read: Own, name: str, block: Block, gaps: list[Gap]) -> Ints:
    values = read(block.slots, block.rows)
    if not isinstance(values, Known):
        return _masked(values, block.active)
    gaps += _gaps(name, values.present, block)
    return _masked(np.where(values.present, values.values, 0), block.active)


def _gaps_of_registers(metered: Metered, block: Block) -> list[Gap]:
    if metered.present is None:
        return []
    return [
        gap
        for name, present in zip((WITHDRAWAL, INJECTION), metered.present, strict=True)
        for gap in _gaps(name, present, block)
    ]


def _gaps(name: str, present: Bools, block: Block) -> list[Gap]:
    absent = ~present & block.active
    found = []
    for row in np.flatnonzero(absent.any(axis=1)).tolist():
        slots = np.flatnonzero(absent[row])
        first = block.slots.start + int(slots[0]) * block.slots.step
        found.append(Gap(block.rows.start + row, name, len(slots), first))
    return found


def _wide(values: Ints) -> Ints:
    return values.astype(np.int64, copy=False)


def _alone(found: dict[str, Ints]) -> None:
    """Follow energy where nothing is traded or shared, in whatever integers meters count in."""
    withdrawal, injection = found[WITHDRAWAL], found[INJECTION]
    net = withdrawal - injection  # of two that are not negative, so it fits
    need = np.maximum(net, 0)
    found["supplier:in"] = found["network:outside"] = need
    found["supplier:out"] = need - net
    found["network:local"] = withdrawal - need
    for name in _SHARED:
        found[name] = np.broadcast_to(np.int64(0), net.shape)


def _follow(found: dict[str, Ints], share: Share | None, block: Block) -> None:
    """Follow energy from trades over the sharing key to the supplier and the network."""
    withdrawal, injection = _wide(found[WITHDRAWAL]), _wide(found[INJECTION])
    nothing = np.zeros_like(withdrawal)
    bought, sold = (found.get(name, nothing) for name in (BOUGHT, SOLD))
    surplus, need = position(withdrawal, injection, bought, sold)
    shared = Allocation(nothing, nothing) if share is None else share(block.slots, surplus, need)
    rest = residual(surplus, need, shared)
    split = network_split(withdrawal, rest.supplier_in_wh)
    found["shared:in"], found["shared:out"] = shared.in_wh, shared.out_wh
    parts = (rest.supplier_in_wh, rest.supplier_out_wh, split.outside_wh, split.local_wh)
    found.update(zip(_RESIDUAL, parts, strict=True))


def _held(found: dict[str, Ints]) -> Ints:
    """Return the plans that members are held to: their own, and what activations changed."""
    held = found[PLANNED]
    for name, values in found.items():
        if name.startswith(ACTIVATED):
            held = checked_add(held, values)
    return held
