"""Every way to take choices in a slot among which the best one lies, and what it brings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.observables import Choice, Observable
from gridpact.contracts.valuation.choices import TRIED, Slotwise
from gridpact.contracts.valuation.present import flows_to, net

_LEVELS = np.arange(1, TRIED + 1) / (TRIED + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Corners:
    """Every way to put each choice at a bound or at a bend, and what it nets its author.

    ``amounts`` is int64 [corners, paths, slots] in nano-¤; ``bounds[i]`` has the choices of a
    corner in order, int64 [choices, paths, slots]. The first corner has every choice at its
    lowest, the last at its highest.
    """

    amounts: Ints
    bounds: Ints


def corners(
    plan: Slotwise, party: str, world: World, slots: Slots, learn: Ints | None = None
) -> Corners:
    """Return what each corner of the choices nets a party in every slot.

    Bends differ by path. With the rows ``learn`` a corner is the same on every path: at bounds,
    or at quantiles of where these paths bend, as for a decision that comes before they are known.
    """
    keys = [choice.key for choice in plan.choices]
    ways: list[dict[str, Ints]] = [{}]
    for choice in plan.choices:
        ways = [
            {**way, choice.key: value}
            for way in ways
            for value in _values(plan, choice, {**world, **way}, slots, learn)
        ]
    amounts = [
        net(flows_to(plan.terms, party, {**world, **way}, slots), slots, plan.currency)
        for way in ways
    ]
    shape = np.broadcast_shapes(
        *[amount.shape for amount in amounts], *[value.shape for w in ways for value in w.values()]
    )
    return Corners(
        np.stack([np.broadcast_to(amount, shape) for amount in amounts]),
        np.stack([np.stack([np.broadcast_to(way[key], shape) for key in keys]) for way in ways]),
    )


def _values(
    plan: Slotwise, choice: Choice, world: World, slots: Slots, learn: Ints | None
) -> list[Ints]:
    """Return the values of a choice to try, rising, int64 [paths or 1, slots] each."""
    low, high = (_bound(end, world, slots) for end in (choice.low, choice.high))
    found = [low, high]
    for bend in plan.bends.get(choice.label, ()):
        before = bend.last_before(world, slots, low)
        spread = np.broadcast_to(before, np.broadcast_shapes(before.shape, low.shape))
        for place in [spread] if learn is None else _quantiles(spread, learn):
            near = np.clip(place, low - 1, high)  # so that the next one fits 64 bits
            found += [np.clip(near + beyond, low, high) for beyond in (0, 1)]
    shape = np.broadcast_shapes(*[value.shape for value in found])
    rising = np.sort(np.stack([np.broadcast_to(value, shape) for value in found]), axis=0)
    if (low > high).any():  # no value will do: let the terms say so
        return [low, high]
    kept = [at == 0 or bool((rising[at] != rising[at - 1]).any()) for at in range(len(rising))]
    return [value for value, keep in zip(rising, kept, strict=True) if keep]


def _quantiles(places: Ints, learn: Ints) -> list[Ints]:
    """Return a place that is the same on every path, or quantiles over some; [1, slots] each."""
    if len(places) == 1 or (places == places[:1]).all():
        return [places[:1]]
    found = np.quantile(places[learn], _LEVELS, axis=0, method="inverted_cdf")
    return [row[np.newaxis] for row in found.astype(np.int64)]


def _bound(node: Observable, world: World, slots: Slots) -> Ints:
    low = Sheet(world, slots, cut_periods=True).needed(node).low
    return np.atleast_2d(np.broadcast_to(low, np.broadcast_shapes(low.shape, (slots.count,))))
