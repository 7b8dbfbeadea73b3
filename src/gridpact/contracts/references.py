"""Contracts that speak of other agreements: their state, what they paid, what they delivered.

A reference is a series with a reserved name, so terms stay a value of the algebra and their needs
name what they refer to::

    agreement:<id>:active             [1]     1 in the slots in which the agreement is active
    agreement:<id>:paid:<kind>        [nano]  its cash flows of a kind, all legs added
    agreement:<id>:delivered:<asset>  [Wh …]  its physical legs of an asset, all legs added

Each leg counts in its own direction: an amount that flows back counts as negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple, TypeAlias

import numpy as np

from gridpact.base.ids import well_formed
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints, checked_add
from gridpact.contracts.cashflows import Flows, Known, World, cashflows
from gridpact.contracts.errors import CircularReference, IllFormed
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Op, Series
from gridpact.contracts.terms import Contract, One, within
from gridpact.contracts.unit_algebra import ONE

ActiveBy: TypeAlias = Mapping[str, "Ints | Bools | Known"]

_HEAD = "agreement"
_ACTIVE, _PAID, _DELIVERED = "active", "paid", "delivered"


class Reference(NamedTuple):
    """What a reserved series name refers to; ``detail`` is the kind or the asset."""

    agreement: str
    what: str
    detail: str


def active(agreement: str) -> Op:
    """Return the mask of the slots in which another agreement is active."""
    return Series(_name(agreement, _ACTIVE), ONE) >= 1


def paid(agreement: str, kind: str) -> Series:
    """Return another agreement's cash flows of a kind [nano-¤], in its one currency."""
    return Series(_name(agreement, _PAID, kind), "nano")


def delivered(agreement: str, asset: str = "energy") -> Series:
    """Return another agreement's physical legs of an asset, in the asset's unit."""
    return Series(_name(agreement, _DELIVERED, asset), One(asset, "giver", "taker").unit)


def reference(name: str) -> Reference | None:
    """Return what a series name refers to, None where it is the name of no reference."""
    head, _, rest = name.partition(":")
    agreement, _, rest = rest.partition(":")
    what, _, detail = rest.partition(":")
    whole = (what == _ACTIVE) == (not detail) and what in (_ACTIVE, _PAID, _DELIVERED)
    return Reference(agreement, what, detail) if head == _HEAD and agreement and whole else None


def linked_cashflows(
    contracts: Mapping[str, Contract],
    world: World,
    slots: Slots,
    active_by: ActiveBy | None = None,
    *,
    cut_periods: bool = False,
) -> dict[str, Flows]:
    """Evaluate contracts that refer to one another, each after those it refers to.

    Parameters
    ----------
    contracts : mapping of agreement to Contract
        The set; a reference is looked up in it first and in ``world`` otherwise.
    world, slots, cut_periods
        As of :func:`gridpact.contracts.cashflows.cashflows`; shared by all contracts.
    active_by : mapping of agreement to int64, bool [..., slots] or Known
        Where each is active; one that is not in it is active throughout. Where an agreement is
        not active it pays and delivers nothing, and its data are not needed.

    Returns
    -------
    dict of agreement to its cash flows, in the order of ``contracts``.

    Raises
    ------
    CircularReference
        Agreements whose amounts depend on one another in a circle, which the error names.
    MissingSeries
        A reference to an agreement, kind or asset that is nowhere; named like any series.
    IllFormed
        A reference to a kind that the other agreement pays in two currencies.

    and whatever the evaluation of one contract raises.
    """
    states = {} if active_by is None else dict(active_by)
    bound = dict(world) | {_name(each, _ACTIVE): _mask(states[each]) for each in states}
    for each in contracts.keys() - states.keys():
        bound[_name(each, _ACTIVE)] = np.ones(slots.count, dtype=np.int64)
    wanted = {each: _references(contract) for each, contract in contracts.items()}
    found: dict[str, Flows] = {}
    for each in _order(wanted, contracts):
        masked = within(active(each), contracts[each]) if each in states else contracts[each]
        found[each] = cashflows(masked, bound, slots, cut_periods=cut_periods)
        asked = {ref for refs in wanted.values() for ref in refs if ref.agreement == each}
        if kinds := sorted(ref.detail for ref in asked if ref.what == _PAID):
            bound |= _payments(each, found[each], kinds)
        if any(ref.what == _DELIVERED for ref in asked):
            bound |= _deliveries(each, masked, bound, slots, cut_periods=cut_periods)
    return {each: found[each] for each in contracts}


def _name(agreement: str, *rest: str) -> str:
    if not well_formed(agreement):
        raise IllFormed(f"{agreement!r} names no agreement (lower-case ASCII, digits, . _ -)")
    return ":".join((_HEAD, agreement, *rest))


def _mask(values: Ints | Bools | Known) -> Ints | Known:
    return values if isinstance(values, Known) else np.asarray(values, dtype=np.int64)


def _references(contract: Contract) -> set[Reference]:
    named = (reference(need.name) for need in needs(contract).series)
    return {found for found in named if found is not None}


def _order(wanted: Mapping[str, set[Reference]], contracts: Iterable[str]) -> list[str]:
    """Sort agreements so that each comes after those whose amounts it needs."""
    within_set = set(contracts)
    after = {
        each: sorted(
            {ref.agreement for ref in refs if ref.what != _ACTIVE and ref.agreement in within_set}
        )
        for each, refs in wanted.items()
    }
    try:
        return list(TopologicalSorter(after).static_order())
    except CycleError as error:
        circle: list[str] = error.args[1]
        raise CircularReference(circle[::-1]) from error


def _payments(agreement: str, flows: Flows, kinds: Iterable[str]) -> dict[str, Ints]:
    found = {}
    for kind in kinds:
        amounts = {key: amount for key, amount in flows.items() if key[3] == kind}
        if len(currencies := sorted({key[2] for key in amounts})) > 1:
            raise IllFormed(
                f"agreement {agreement!r} pays {kind!r} in {' and '.join(currencies)}, "
                "which do not add up"
            )
        if amounts:
            found[_name(agreement, _PAID, kind)] = reduce(checked_add, amounts.values())
    return found


def _deliveries(
    agreement: str, contract: Contract, world: World, slots: Slots, *, cut_periods: bool
) -> dict[str, Ints]:
    found: dict[str, Ints] = {}
    for leg in obligations(contract, world, slots, cut_periods=cut_periods):
        name = _name(agreement, _DELIVERED, leg.asset)
        found[name] = checked_add(found[name], leg.low) if name in found else leg.low
    return found
