"""Take choices slot by slot as is best for their author, knowing what is known by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.observables import Observable
from gridpact.contracts.valuation.choices import Refusal, Slotwise, when_decided
from gridpact.contracts.valuation.present import flows_to, net
from gridpact.contracts.valuation.regression import (
    at_slot,
    basis_of,
    fit,
    halves,
    known_slot,
    states_of,
    too_few,
)

FORESIGHT = "best in each slot, its values known"


@dataclass(frozen=True, slots=True, eq=False)
class Exercise:
    """Choices that have been taken: arrays int64 [paths, slots] to bind in the world.

    ``method`` says for people how, and knowing what.
    """

    by: str
    choices: dict[str, Ints]
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class Corners:
    """Every way to put each choice at a bound, and what it nets its author.

    ``amounts`` is int64 [corners, paths, slots] in nano-¤; ``bounds[i]`` has the choices of a
    corner in order, int64 [choices, paths, slots].
    """

    amounts: Ints
    bounds: Ints


def corners(plan: Slotwise, party: str, world: World, slots: Slots) -> Corners:
    """Return what each corner of the choices nets a party in every slot."""
    ends = [(_bound(c.low, world, slots), _bound(c.high, world, slots)) for c in plan.choices]
    amounts, bounds = [], []
    for corner in product(*ends):
        keys = [choice.key for choice in plan.choices]
        bound = {**world, **dict(zip(keys, corner, strict=True))}
        amounts.append(net(flows_to(plan.terms, party, bound, slots), slots, plan.currency))
        bounds.append(corner)
    paths = max(len(amount) for amount in amounts)
    shape = (paths, slots.count)
    return Corners(
        np.stack([np.broadcast_to(amount, shape) for amount in amounts]),
        np.stack([np.stack([np.broadcast_to(end, shape) for end in c]) for c in bounds]),
    )


def take_slotwise(
    plan: Slotwise, world: World, slots: Slots, *, foresight: bool = False
) -> Exercise | Refusal:
    """Take each choice as is best for its author, slot by slot.

    With ``foresight`` the author knows the slot's values, whatever the notice: an upper bound of
    what can be had, and exact for a notice of 0. Otherwise the author knows the values of slots
    that have begun when the notice runs out, and expects by least squares on paths (see
    :mod:`gridpact.contracts.valuation.regression`); choices taken together are all due by the
    longest of their notices. The first choice of equal ones is the lowest.
    """
    labels = tuple(choice.label for choice in plan.choices)
    found = corners(plan, plan.author, world, slots)
    notice = max(choice.notice_s for choice in plan.choices)
    if foresight or notice == 0 or found.amounts.shape[1] == 1:
        best = np.argmax(found.amounts, axis=0)
        return _exercise(plan, found, best, FORESIGHT)
    if (found.bounds != found.bounds[:, :, :1]).any():
        return Refusal(labels, "its bounds differ by path and are not known at its notice")
    states = states_of(plan.terms, world, slots)
    reason = too_few(found.amounts.shape[1], len(states))
    if reason:
        return Refusal(labels, reason)
    best = np.stack(
        [
            _best(found.amounts[:, :, slot], states, known_slot(slot, notice, slots))
            for slot in range(slots.count)
        ],
        axis=1,
    )
    return _exercise(plan, found, best, f"best expected {when_decided(notice)}")


def _best(amounts: Ints, states: Sequence[Floats], known: int) -> Ints:
    """Return the corner of highest expectation on each path; amounts [corners, paths]."""
    best = np.zeros(amounts.shape[1], dtype=np.int64)
    for learn, decide in halves(amounts.shape[1]):
        before, now = at_slot(states, known, learn), at_slot(states, known, decide)
        basis = basis_of(before)
        expected = basis(now) @ fit(basis(before), amounts[:, learn].T.astype(np.float64))
        best[decide] = np.argmax(expected, axis=1)
    return best


def _exercise(plan: Slotwise, found: Corners, best: Ints, method: str) -> Exercise:
    rows, columns = np.indices(best.shape)
    taken = {
        choice.key: found.bounds[best, place, rows, columns]
        for place, choice in enumerate(plan.choices)
    }
    return Exercise(plan.author, taken, method)


def _bound(node: Observable, world: World, slots: Slots) -> Ints:
    low = Sheet(world, slots, cut_periods=True).needed(node).low
    return np.atleast_2d(np.broadcast_to(low, np.broadcast_shapes(low.shape, (slots.count,))))
