"""Sharing keys as values, and the energy that they allocate.

French collective self-consumption knows four keys (Code de l'énergie, L315-4 and D315-1 ff.):
*static*, *default dynamic*, *simple dynamic*, where the organiser sets the coefficients of every
slot, and *full dynamic*, where it sets them for every producer as well. Under all four nobody is
allocated more than its need, and nothing is redistributed.

In Spain (Real Decreto 244/2019, annex I) members own what their coefficient gives them, fixed or
set ahead for every hour: coefficients add up to exactly 1, and what a member does not use is its
own surplus.

A contract may be a key as well: :class:`Claims` are what it obliges the community to deliver to
each member (:mod:`.contracts`).

Arrays are int64 [members, slots] in Wh; coefficients are in millionths (ppm).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.rounding import largest_remainder
from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints, checked_sum
from gridpact.settlement.allocation import Allocation, default_dynamic, static
from gridpact.settlement.sharing.blocks import CELLS, blocks, parts, put, taken, taken_each
from gridpact.settlement.sharing.storage import (
    charging_from_production,
    giving_for_charging,
    overcharged,
    stores_first,
)


class DefaultDynamic(msgspec.Struct, frozen=True):
    """Pro rata to need."""


class Static(msgspec.Struct, frozen=True):
    """Coefficients of the pooled production, capped by need.

    ``ppm`` is [members], or [members, slots] where they differ from slot to slot ("simple
    dynamic"); at most the whole together.
    """

    ppm: Ints


class FullDynamic(msgspec.Struct, frozen=True):
    """Coefficients for each producer: ``ppm`` [producers, members, slots].

    ``producers`` are rows of members; of each the coefficients are at most the whole together.
    Members who are no producers of the key share nothing.
    """

    producers: Ints
    ppm: Ints


class Owned(msgspec.Struct, frozen=True):
    """Coefficients of ownership, exactly the whole together: ``ppm`` [members] or [members, slots].

    What is allocated beyond a member's need stays that member's.
    """

    ppm: Ints


class Claims(msgspec.Struct, frozen=True):
    """Energy that each member may claim, ``claim_wh`` [members, slots], non-negative.

    Claims are capped by need, and where there is less than is claimed they are met pro rata.
    """

    claim_wh: Ints


Key: TypeAlias = DefaultDynamic | Static | FullDynamic | Owned | Claims


def share(
    key: Key,
    surplus_wh: Ints,
    need_wh: Ints,
    *,
    storage: Bools | None = None,
    cells: int = CELLS,
) -> Allocation:
    """Allocate the surplus of members to the needs of members by a key.

    Parameters
    ----------
    key : Key
        Its arrays have the members, and where they have slots the slots, of the energy.
    surplus_wh, need_wh : int64 [members, slots]
        Non-negative energy injected and withdrawn, or what trades have left of it.
    storage : bool [members], optional
        Who stores: charging is a need and discharging a production like any other, but what is
        discharged does not charge (see :mod:`.storage`).
    cells : int
        Members times slots that are worked on at a time; it does not change the result.

    Returns
    -------
    Allocation
        In every slot as much is received as is given, and nobody gives more than its surplus.

    Raises
    ------
    ValueError
        Shapes that differ, a negative amount, or coefficients that are negative, beyond the whole,
        or of owners not the whole.
    """
    _check_shapes(key, surplus_wh, need_wh)
    received, given = np.empty(need_wh.shape, np.int64), np.empty(need_wh.shape, np.int64)
    kept = np.empty(need_wh.shape, np.int64) if isinstance(key, Owned) else None
    for block in blocks(need_wh.shape, cells):
        own, surplus, need = _over(key, block), taken(surplus_wh, block), taken(need_wh, block)
        found = [
            _of_part(_over(own, part), surplus[:, part], need[:, part], storage)
            for part in parts(need.shape, cells)
        ]
        put(received, block, [each.in_wh for each in found])
        put(given, block, [each.out_wh for each in found])
        if kept is not None:
            put(kept, block, [each.kept_wh for each in found if each.kept_wh is not None])
    return Allocation(received, given, kept)


def _of_part(key: Key, surplus: Ints, need: Ints, storage: Bools | None) -> Allocation:
    _check_values(key, surplus, need)
    if storage is None:
        return _shared(key, surplus, need)
    if isinstance(key, FullDynamic):
        return _shared(_not_between_stores(key, storage), surplus, need)
    found = _charged_from_production(key, surplus, need, storage, _shared(key, surplus, need))
    if isinstance(key, Owned):
        return found
    return giving_for_charging(
        found, surplus, storage, lambda total, own, _: largest_remainder(total, own)
    )


def _charged_from_production(
    key: Key, surplus: Ints, need: Ints, storage: Bools, found: Allocation
) -> Allocation:
    """Share again in slots in which stores would charge with more than is produced."""
    over = overcharged(found, surplus, storage)
    if not over.size:
        return found
    own, cut = _over(key, over), surplus[:, over]
    kept = None if found.kept_wh is None else found.kept_wh[:, over]
    there = Allocation(found.in_wh[:, over], found.out_wh[:, over], kept)
    bounded = charging_from_production(there, cut, need[:, over], storage)
    if isinstance(own, Claims):
        bounded = np.where(storage[:, None], bounded, np.minimum(bounded, own.claim_wh))
    if isinstance(own, DefaultDynamic | Claims):
        again = stores_first(cut, bounded, storage)
    else:
        again = _shared(own, cut, bounded)
    received, given = found.in_wh.copy(), found.out_wh.copy()
    received[:, over], given[:, over] = again.in_wh, again.out_wh
    if again.kept_wh is None or found.kept_wh is None:
        return Allocation(received, given)
    beyond = found.kept_wh.copy()
    beyond[:, over] = again.kept_wh
    return Allocation(received, given, beyond)


def by_producer(
    key: FullDynamic, surplus_wh: Ints, need_wh: Ints, *, storage: Bools | None = None
) -> Ints:
    """Return what each producer of a full dynamic key gives to each member.

    Returns
    -------
    int64 [producers, members, slots]
        Where a member is entitled to more than its need, its producers are reduced pro rata.
        Members who store, bool [members], give nothing to those who do.
    """
    _check_shapes(key, surplus_wh, need_wh)
    _check_values(key, surplus_wh, need_wh)
    own = key if storage is None else _not_between_stores(key, storage)
    return _gifts(own, surplus_wh, need_wh)


def _not_between_stores(key: FullDynamic, storage: Bools) -> FullDynamic:
    """Return the key without coefficients of a store for a store."""
    between = storage[key.producers][:, None] & storage
    return FullDynamic(key.producers, np.where(between[..., None], 0, key.ppm))


def _gifts(key: FullDynamic, surplus_wh: Ints, need_wh: Ints) -> Ints:
    offered = [_entitled(surplus_wh[row], ppm) for row, ppm in _entries(key)]
    if not offered:
        return np.zeros((0, *need_wh.shape), np.int64)
    beside = offered[0].flags.fnc  # cells go in the order in which they lie
    entitled = np.stack([each.ravel("F" if beside else "C") for each in offered])
    met = np.minimum(entitled.sum(axis=0), need_wh.ravel("F" if beside else "C"))
    flat = largest_remainder(met, entitled)
    members, slots = need_wh.shape
    if beside:
        return flat.reshape(len(flat), slots, members).swapaxes(1, 2)
    return flat.reshape(len(flat), members, slots)


def _shared(key: Key, surplus: Ints, need: Ints) -> Allocation:
    match key:
        case DefaultDynamic():
            return default_dynamic(surplus, need)
        case Static(ppm):
            return static(surplus, need, ppm)
        case Claims(claim_wh):
            return default_dynamic(surplus, np.minimum(claim_wh, need))
        case Owned(ppm):
            return _owned(surplus, need, ppm)
        case FullDynamic():
            return _full_dynamic(key, surplus, need)


def _owned(surplus: Ints, need: Ints, ppm: Ints) -> Allocation:
    by_slot = ppm if ppm.ndim == 2 else ppm[:, None]
    weights = np.broadcast_to(by_slot, surplus.shape)
    received = largest_remainder(checked_sum(surplus, axis=0), weights)
    return Allocation(received, surplus, np.maximum(received - need, 0))


def _full_dynamic(key: FullDynamic, surplus: Ints, need: Ints) -> Allocation:
    gifts = _gifts(key, surplus, need)
    given = np.zeros_like(surplus)
    given[key.producers] = gifts.sum(axis=1)
    return Allocation(np.asarray(gifts.sum(axis=0), dtype=np.int64), given)


def _entries(key: FullDynamic) -> Iterator[tuple[int, Ints]]:
    yield from zip(key.producers.tolist(), key.ppm, strict=True)


def _entitled(produced: Ints, ppm: Ints) -> Ints:
    """Divide one producer's energy [slots] by coefficients [members, slots]; the rest is nobody's.

    What nobody is entitled to takes part in the rounding as one more row, the last.
    """
    weights = np.concatenate([ppm, MICRO_PER_UNIT - ppm.sum(axis=0, keepdims=True)])
    return largest_remainder(produced, weights)[:-1]


def _over(key: Key, part: slice | Ints) -> Key:
    """Return the key of some of its slots."""
    match key:
        case Static(ppm) if ppm.ndim == 2:
            return Static(taken(ppm, part))
        case Owned(ppm) if ppm.ndim == 2:
            return Owned(taken(ppm, part))
        case Claims(claim_wh):
            return Claims(taken(claim_wh, part))
        case FullDynamic(producers, ppm):
            return FullDynamic(producers, taken_each(ppm, part))
    return key


def _check_shapes(key: Key, surplus: Ints, need: Ints) -> None:
    shape = surplus.shape
    if shape != need.shape:
        raise ValueError(f"surplus {shape} and need {need.shape} differ in shape")
    if isinstance(key, Claims) and key.claim_wh.shape != shape:
        raise ValueError(f"claims {key.claim_wh.shape} and need {shape} differ in shape")
    fits = True
    if isinstance(key, Static | Owned):
        fits = key.ppm.shape in (shape, shape[:1])
    elif isinstance(key, FullDynamic):
        fits = key.ppm.shape == (len(key.producers), *shape)
    if not fits:
        raise ValueError(f"the coefficients are not of {shape} members and slots")


def _check_values(key: Key, surplus: Ints, need: Ints) -> None:
    if min(surplus.min(initial=0), need.min(initial=0)) < 0:
        raise ValueError("surplus and need must not be negative")
    if not isinstance(key, Static | Owned | FullDynamic):
        return
    whole = key.ppm.sum(axis=1 if isinstance(key, FullDynamic) else 0)
    # of owners' coefficients the division itself refuses what is negative
    negative = not isinstance(key, Owned) and key.ppm.min(initial=0) < 0
    if negative or whole.max(initial=0) > MICRO_PER_UNIT:
        raise ValueError("coefficients must be non-negative and add up to at most 1,000,000 ppm")
    if isinstance(key, Owned) and whole.min(initial=MICRO_PER_UNIT) != MICRO_PER_UNIT:
        raise ValueError("the coefficients of owners must add up to exactly 1,000,000 ppm")
