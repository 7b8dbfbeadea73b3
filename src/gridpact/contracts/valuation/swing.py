"""Place a limited number of exercises on paths: least-squares Monte Carlo, and with foresight.

The state of a right is how often it has been used in its period, ``j``. With payoff ``g`` of an
exercise in slot ``t`` and value ``V``::

    V_t(j) = max( E[V_t+1(j)], E[g_t + V_t+1(j + 1)] )     given what is known at the notice

Expectations are least-squares fits of what later decisions do pay on the path. Source: N.
Meinshausen and B. Hambly, Monte Carlo methods for the valuation of multiple-exercise options,
Mathematical Finance 14 (2004), after Longstaff and Schwartz (2001).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Floats, Ints
from gridpact.contracts.evaluate import World
from gridpact.contracts.terms import All, Contract
from gridpact.contracts.valuation.choices import Refusal, when_decided
from gridpact.contracts.valuation.payoffs import Payoffs, payoffs
from gridpact.contracts.valuation.plain import NOTHING_LEARNT, plain_policy
from gridpact.contracts.valuation.regression import (
    Basis,
    at_slot,
    basis_of,
    fit,
    halves,
    known_slot,
    states_of,
    too_few,
)
from gridpact.contracts.valuation.rights import Swing
from gridpact.contracts.valuation.slotwise import Exercise


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What to expect of one slot's decision: the basis and its coefficients.

    ``gain`` [terms] is of an exercise, ``ahead`` [terms, limit + 1] of what follows once the
    right has been used so often, this slot included.
    """

    basis: Basis
    gain: Floats
    ahead: Floats


def take_swing(
    plan: Swing,
    world: World,
    slots: Slots,
    discount: Floats | None = None,
    *,
    foresight: bool = False,
) -> Exercise | Refusal:
    """Exercise a swing right on every path.

    With ``foresight`` the author knows the whole path, which bounds every policy from above.
    Otherwise decisions know only slots that have begun when the notice runs out, and are learnt
    on other paths: valuing them estimates a lower bound of the right without bias.
    """
    amounts = payoffs(plan, world, slots, discount)
    if foresight or amounts.rows == 1:
        _, taken = pathwise(amounts, None)
        return Exercise(plan.author, {plan.choice.key: taken}, "best, the whole path known")
    notice = plan.choice.notice_s
    if notice and (amounts.allowed != amounts.allowed[:1]).any():
        return Refusal((plan.choice.label,), "whether it is open is not known at its notice")
    states = swing_states(plan, amounts, world, slots)
    reason = too_few(amounts.rows, len(states))
    if reason:
        return Refusal((plan.choice.label,), reason)
    known = [known_slot(slot, notice, slots) for slot in range(slots.count)]
    taken, learnt = _learnt_and_decided(amounts, states, known)
    method = f"by least squares on paths, {when_decided(notice)}"
    if not learnt:
        method = f"never, or wherever it is open: {NOTHING_LEARNT}"
    return Exercise(plan.author, {plan.choice.key: taken}, method)


def _learnt_and_decided(
    amounts: Payoffs, states: Sequence[Floats], known: Sequence[int]
) -> tuple[Ints, bool]:
    """Decide each half of the paths by what the other teaches; tell whether it taught anything."""
    taken = np.zeros(amounts.each.shape, dtype=np.int64)
    plain = [_everywhere(amounts, once) for once in (False, True)]
    learnt = False
    for learn, decide in halves(amounts.rows):
        chosen = plain_policy(
            learn,
            [worth(amounts, one) for one in plain],
            lambda few, rest: worth(
                amounts.at(rest),
                follow(amounts, states, known, learn_swing(amounts, states, known, few), rest),
            ),
        )
        if chosen is None:
            learnt = True
            lesson = learn_swing(amounts, states, known, learn)
            taken[decide] = follow(amounts, states, known, lesson, decide)
        else:
            taken[decide] = plain[chosen][decide]
    return taken, learnt


def worth(amounts: Payoffs, taken: Ints) -> Floats:
    """Return what exercises [paths, slots] bring their author on each path [nano-¤]."""
    found = (amounts.base + amounts.each * taken).sum(axis=1)
    for segment, settled in zip(amounts.segments, amounts.settled, strict=True):
        found += settled[np.arange(len(settled)), taken[:, segment].sum(axis=1)]
    return np.asarray(found, dtype=np.float64)


def _everywhere(amounts: Payoffs, once: bool) -> Ints:
    """Never exercise, or in the first slots that are open until all rights of a period are used."""
    better = {
        slot: np.repeat(amounts.allowed[:, slot, np.newaxis] & once, limit, axis=1)
        for slot, limit, _ in backwards(amounts)
    }
    return placed(amounts.segments, better, amounts.each.shape)


def swing_states(plan: Swing, amounts: Payoffs, world: World, slots: Slots) -> list[Floats]:
    """Return what a decision looks at: series that differ by path, and gains of exercises."""
    terms: Contract = All((plan.each, plan.settled))
    states = states_of(terms, {**world, plan.taken.key: np.zeros(slots.count, np.int64)}, slots)
    gains = np.maximum(amounts.each, 0)
    return [*states, gains] if (gains != gains[:1]).any() else states


def learn_swing(
    amounts: Payoffs, states: Sequence[Floats], known: Sequence[int], rows: Ints
) -> dict[int, Learnt]:
    """Fit, from the last slot back, what decisions are worth on some paths."""
    learnt: dict[int, Learnt] = {}
    later = np.zeros((rows.size, 1))
    for slot, limit, settled in backwards(amounts):
        if settled is not None:
            later = later[:, :1] + settled[rows]
        gain = amounts.each[rows, slot]
        seen = at_slot(states, known[slot], rows)
        basis = basis_of(seen)
        terms = basis(seen)
        fitted = fit(terms, np.column_stack([gain, later]))
        learnt[slot] = Learnt(basis, fitted[:, 0], fitted[:, 1:])
        expected = gain if known[slot] == slot else terms @ fitted[:, 0]
        better = better_now(expected, terms @ fitted[:, 1:], amounts.allowed[rows, slot])
        kept = later[:, :limit]
        used = gain[:, None] + later[:, 1:]
        later = np.column_stack([np.where(better, used, kept), later[:, limit]])
    return learnt


def follow(
    amounts: Payoffs,
    states: Sequence[Floats],
    known: Sequence[int],
    learnt: dict[int, Learnt],
    rows: Ints,
) -> Ints:
    """Decide slot by slot on some paths as learnt; int64 [rows, slots] of 0 and 1."""
    better: dict[int, Bools] = {}
    for slot, one in learnt.items():
        terms = one.basis(at_slot(states, known[slot], rows))
        gain = amounts.each[rows, slot] if known[slot] == slot else terms @ one.gain
        better[slot] = better_now(gain, terms @ one.ahead, amounts.allowed[rows, slot])
    return placed(amounts.segments, better, (rows.size, len(known)))


def pathwise(amounts: Payoffs, penalties: Floats | None) -> tuple[Floats, Ints]:
    """Return the most that exercises add on each path, [rows], and where they are placed.

    Every path is known in advance. ``penalties`` [slots, rows, uses + 1] are charged for the
    number of uses with which a slot is left; see :mod:`gridpact.contracts.valuation.dual`.
    """
    better: dict[int, Bools] = {}
    later = np.zeros((amounts.rows, 1))
    for slot, limit, settled in backwards(amounts):
        if settled is not None:
            later = later[:, :1] + settled
        if penalties is not None:
            later = later - penalties[slot][:, : limit + 1]
        better[slot] = better_now(amounts.each[:, slot], later, amounts.allowed[:, slot])
        used = amounts.each[:, slot, None] + later[:, 1:]
        later = np.column_stack([np.where(better[slot], used, later[:, :limit]), later[:, limit]])
    return later[:, 0], placed(amounts.segments, better, amounts.each.shape)


def placed(segments: Sequence[slice], better: dict[int, Bools], shape: tuple[int, ...]) -> Ints:
    """Go forward through slots with the decisions [rows, uses] of each; int64 [rows, slots]."""
    taken = np.zeros(shape, dtype=np.int64)
    rows = np.arange(shape[0])
    for segment in segments:
        used = np.zeros(shape[0], dtype=np.int64)
        for slot in range(segment.start, segment.stop):
            open_at = np.pad(better[slot], ((0, 0), (0, 1)))  # closed once all rights are used
            taken[:, slot] = open_at[rows, used]
            used += taken[:, slot]
    return taken


def better_now(gain: Floats, ahead: Floats, allowed: Bools) -> Bools:
    """Return where to exercise beats to wait, [rows, uses], for every number of uses left over."""
    return np.asarray(
        (gain[:, None] + ahead[:, 1:] > ahead[:, :-1]) & allowed[:, None], dtype=np.bool_
    )


def backwards(amounts: Payoffs) -> Iterator[tuple[int, int, Floats | None]]:
    """Yield slots from the last with their limit, and what is settled where a period ends."""
    for segment, limit, settled in reversed(
        list(zip(amounts.segments, amounts.limits, amounts.settled, strict=True))
    ):
        for slot in range(segment.stop - 1, segment.start - 1, -1):
            yield slot, limit, settled if slot == segment.stop - 1 else None
