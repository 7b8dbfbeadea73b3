"""Take choices slot by slot as is best for their author, knowing what is known by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.contracts.evaluate import World
from gridpact.contracts.valuation.choices import Refusal, Slotwise, when_decided
from gridpact.contracts.valuation.corners import Corners, corners
from gridpact.contracts.valuation.plain import NOTHING_LEARNT, plain_policy
from gridpact.contracts.valuation.present import present_value
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


def take_slotwise(
    plan: Slotwise,
    world: World,
    slots: Slots,
    discount: Floats | None = None,
    *,
    foresight: bool = False,
) -> Exercise | Refusal:
    """Take each choice as is best for its author, slot by slot.

    With ``foresight`` the author knows the slot's values, whatever the notice: an upper bound of
    what can be had, and exact for a notice of 0. Otherwise the author knows the values of slots
    that have begun when the notice runs out, and expects by least squares on paths (see
    :mod:`gridpact.contracts.valuation.regression`), or does the same in every slot where that
    teaches nothing; choices taken together are all due by the longest of their notices. The first
    choice of equal ones is the lowest.
    """
    labels = plan.labels
    found = corners(plan, plan.author, world, slots)
    rows = found.amounts.shape[1]
    if foresight or plan.notice_s == 0 or rows == 1:
        best = np.argmax(found.amounts, axis=0)
        return _exercise(plan, _at(found, best), FORESIGHT)
    states = states_of(plan.terms, world, slots)
    reason = too_few(rows, len(states))
    if reason:
        return Refusal(labels, reason)
    taken = np.zeros(found.bounds.shape[1:], dtype=np.int64)
    plain = []
    for learn, decide in halves(rows):
        known = corners(plan, plan.author, world, slots, learn)
        if (known.bounds != known.bounds[:, :, :1]).any():
            return Refusal(labels, "its bounds differ by path and are not known at its notice")
        lesson = _Lesson(plan, known.amounts, states, slots, discount)
        best, is_plain = lesson.decided(learn, decide)
        plain.append(is_plain)
        taken[:, decide] = _at(known, _spread(best, decide, rows))[:, decide]
    return _exercise(plan, taken, _told(plan, plain))


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """What corners bring, int64 [corners, paths, slots], and the states that tell of it."""

    plan: Slotwise
    amounts: Ints
    states: Sequence[Floats]
    slots: Slots
    discount: Floats | None

    def decided(self, learn: Ints, decide: Ints) -> tuple[Ints, bool]:
        """Return the corners to take on some paths, [decide, slots], and whether they are plain.

        Learnt is by slot; plain is one corner for all slots.
        """
        plain = [present_value(amounts, self.discount) for amounts in self.amounts]
        chosen = plain_policy(learn, plain, self._earned)
        if chosen is not None:
            return np.full((decide.size, self.slots.count), chosen), True
        return self._learnt(learn, decide), False

    def _learnt(self, learn: Ints, decide: Ints) -> Ints:
        notice = self.plan.notice_s
        best = [
            self._best(slot, known_slot(slot, notice, self.slots), learn, decide)
            for slot in range(self.slots.count)
        ]
        return np.stack(best, axis=1)

    def _best(self, slot: int, known: int, learn: Ints, decide: Ints) -> Ints:
        """Return the corner of highest expectation in a slot on each path to decide."""
        before, now = (at_slot(self.states, known, rows) for rows in (learn, decide))
        basis = basis_of(before)
        targets = self.amounts[:, learn, slot].T.astype(np.float64)
        return np.asarray(np.argmax(basis(now) @ fit(basis(before), targets), axis=1))

    def _earned(self, learn: Ints, decide: Ints) -> Floats:
        best = self._learnt(learn, decide)
        had = self.amounts[best, decide[:, np.newaxis], np.arange(self.slots.count)]
        return present_value(had, self.discount)


def _at(found: Corners, best: Ints) -> Ints:
    """Return the choices of a corner by path and slot; int64 [choices, paths, slots]."""
    rows, columns = np.indices(best.shape)
    return np.stack(
        [found.bounds[best, place, rows, columns] for place in range(found.bounds.shape[1])]
    )


def _spread(best: Ints, decide: Ints, rows: int) -> Ints:
    spread = np.zeros((rows, best.shape[1]), dtype=np.int64)
    spread[decide] = best
    return spread


def _told(plan: Slotwise, plain: Sequence[bool]) -> str:
    when = when_decided(plan.notice_s)
    if all(plain):
        return f"the same in every slot, {when}: {NOTHING_LEARNT}"
    tried = ", amounts among quantiles of where payments bend" * any(plan.bends.values())
    return f"best expected {when}{tried}"


def _exercise(plan: Slotwise, taken: Ints, method: str) -> Exercise:
    keys = [choice.key for choice in plan.choices]
    return Exercise(plan.author, dict(zip(keys, taken, strict=True)), method)
