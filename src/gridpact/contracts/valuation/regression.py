"""Conditional expectations on paths: least squares on polynomials of what is known.

What is known is the state in one slot (series that differ by path, and what an exercise would
have paid there). Coefficients learnt on one half of the paths decide on the other half, so no
decision has seen the path's future, and the value of the decisions is an unbiased estimate of a
lower bound. Sources: J. Carriere, Insurance: Mathematics and Economics 19 (1996); F. Longstaff
and E. Schwartz, Review of Financial Studies 14 (2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.needs import needs
from gridpact.contracts.terms import Contract

DEGREE = 3
PATHS_PER_TERM = 10
_SAME = 1e-10  # of the largest variance; below it a direction is noise of the arithmetic


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Polynomials of standardised states: powers up to DEGREE and products of two.

    ``center`` and ``spread`` are float [states]; a state that never varies counts for nothing.
    """

    center: Floats
    spread: Floats

    def __call__(self, states: Floats) -> Floats:
        """Return the terms of states [states, paths]; shape [paths, terms]."""
        scaled = (states - self.center[:, None]) / self.spread[:, None]
        terms = [np.ones((1, states.shape[1]))]
        for _ in range(DEGREE):
            terms.append(terms[-1] * scaled)
        pairs = combinations(range(len(scaled)), 2)
        terms += [scaled[one][None] * scaled[other][None] for one, other in pairs]
        return np.concatenate(terms).T


def basis_of(states: Floats) -> Basis:
    """Return the basis that suits a sample of states [states, paths]."""
    spread = states.std(axis=1)
    return Basis(states.mean(axis=1), np.where(spread > 0, spread, 1.0))


def terms_of(states: int) -> int:
    """Return how many terms a basis of so many states has."""
    return 1 + DEGREE * states + states * (states - 1) // 2


def fit(terms: Floats, targets: Floats) -> Floats:
    """Return least-squares coefficients [terms, targets] of targets [paths, targets].

    By the normal equations, without the directions in which the terms hardly vary: states often
    say the same twice, and there are few terms but a target for every number of uses.
    """
    spread, axes = np.linalg.eigh(terms.T @ terms)
    kept = spread > spread[-1] * _SAME
    axes = axes[:, kept]
    return np.asarray(axes @ ((axes.T @ (terms.T @ targets)) / spread[kept, None]))


def states_of(contract: Contract, world: World, slots: Slots) -> list[Floats]:
    """Return the series of some terms that differ by path, float [paths, slots] each.

    An absent value reads as 0, and whether it is present is a state of its own.
    """
    found: list[Floats] = []
    for need in needs(contract).series:
        for array in _columns(world[need.name]):
            if array.ndim > 1 and (array != array[:1]).any():
                found.append(np.broadcast_to(array, (len(array), slots.count)).astype(np.float64))
    return found


def _columns(entry: Ints | Known) -> list[Ints]:
    if isinstance(entry, Known):
        present = np.broadcast_to(entry.present, entry.values.shape)
        return [np.where(present, entry.values, 0), present.astype(np.int64)]
    return [entry]


def halves(paths: int) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """Return (learn on, decide for) twice, so that every path is decided for once."""
    even, odd = np.arange(0, paths, 2), np.arange(1, paths, 2)
    return (even, odd), (odd, even)


def known_slot(slot: int, notice_s: int, slots: Slots) -> int:
    """Return the last slot whose values are known when a slot is decided; negative for none.

    Values of a slot are known from its start; a decision is due ``notice_s`` before its slot.
    """
    return slot - -(-notice_s // slots.step)


def at_slot(states: Sequence[Floats], slot: int, rows: Ints) -> Floats:
    """Return what is known in a slot on some paths, [states, paths]; nothing before the first."""
    if slot < 0:
        return np.zeros((0, rows.size))
    return np.array([state[rows, slot] for state in states]).reshape(len(states), rows.size)


def too_few(paths: int, states: int) -> str:
    """Return why so many paths cannot teach a decision with so many states, or nothing."""
    needed = 2 * PATHS_PER_TERM * terms_of(states)
    return f"{paths} paths are too few to learn from, at least {needed} are needed" * (
        paths < needed
    )
