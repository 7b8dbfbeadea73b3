"""The Shapley value: every member gets its mean marginal contribution over all orders of joining.

Source: L. S. Shapley, "A value for n-person games" (1953). Exact by enumeration of coalitions up
to a dozen members and some more; beyond, the mean over random orders, each with its reverse
(antithetic), with standard errors.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import INT64_MAX, Bools, Floats, Ints, magnitude
from gridpact.market.coalitions.sharing_game import SharingGame, check_members

EXACT_MEMBERS = 12
"""Up to here :func:`shapley` enumerates all coalitions: 4096 of them."""
_MASKS = 1 << 14
"""Coalitions valued in one call while sampling."""

Worth: TypeAlias = Callable[[Bools], Ints]


class Shares(msgspec.Struct, frozen=True):
    """Shares of a surplus [nano-¤, members]; they add up to it.

    ``standard_error_nano`` [members] is that of the estimate, 0 where it is exact; ``orders`` is
    how many orders of joining were drawn, 0 where all were counted.
    """

    nano: Ints
    standard_error_nano: Floats
    orders: int


def shapley(game: SharingGame, *, seed: int, orders: int = 2_000) -> Shares:
    """Share the worth of the whole community: exactly if it is small, by sampling if not."""
    if game.members <= EXACT_MEMBERS:
        return exact(game.worths())
    return sampled(game.worth, game.members, seed=seed, orders=orders)


def exact(worths: Ints) -> Shares:
    """Shapley value of a game given by the worth of every coalition.

    Parameters
    ----------
    worths : int64 [2 ** members]
        By bits of the index; the empty coalition is worth 0.

    Notes
    -----
    The weights are whole numbers over n!, so the value is an exact fraction; it is rounded down to
    whole units and what is left goes to the largest remainders, the lower member first.
    O(n 2ⁿ).
    """
    members = _members_of(worths)
    count = np.bitwise_count(np.arange(worths.size)).astype(np.int64)
    wide = magnitude(worths) * worths.size > INT64_MAX
    values = worths.astype(object) if wide else worths
    weights = [factorial(s) * factorial(members - 1 - s) for s in range(members)]
    numerators = []
    for member in range(members):
        cube = values.reshape(-1, 2, 1 << member)
        gain = (cube[:, 1] - cube[:, 0]).ravel()
        size = count.reshape(-1, 2, 1 << member)[:, 0].ravel()
        total = np.zeros(members, dtype=values.dtype)
        np.add.at(total, size, gain)
        numerators.append(sum(w * int(t) for w, t in zip(weights, total, strict=True)))
    nano = _rounded(numerators, factorial(members), int(worths[-1]))
    return Shares(nano, np.zeros(members), 0)


def sampled(worth: Worth, members: int, *, seed: int, orders: int = 2_000) -> Shares:
    """Estimate the Shapley value from random orders of joining.

    ``worth`` values coalitions given as bool [coalitions, members]. Orders come in pairs, one the
    reverse of the other: who joins early in one joins late in the other, so that their mean
    varies less (antithetic variates). The standard error is that of the mean over pairs, which
    are independent. The shares add up to the worth of all, for every order's contributions do.
    """
    if not members:
        return Shares(np.empty(0, dtype=np.int64), np.empty(0), 0)
    pairs = max(2, orders // 2)
    random = stream(seed, "coalitions", "shapley", members)
    batch = max(1, _MASKS // (2 * members))
    # sums of contributions do not wrap as Python integers; squares are of deviations from the first
    total, sums, squares = np.zeros(members, dtype=object), np.zeros(members), np.zeros(members)
    first: Ints | None = None
    for begin in range(0, pairs, batch):
        draws = random.random((min(batch, pairs - begin), members))
        forward = np.argsort(draws, axis=1, kind="stable")
        both = _contributions(worth, forward) + _contributions(worth, forward[:, ::-1])
        first = both[0] if first is None else first
        apart = (both - first) / 2.0
        total += both.sum(axis=0).astype(object)
        sums += apart.sum(axis=0)
        squares += np.sum(apart**2, axis=0)
    variance = np.maximum(squares - sums**2 / pairs, 0) / (pairs - 1)
    whole = int(worth(np.ones((1, members), dtype=np.bool_))[0])
    nano = _rounded(total.tolist(), 2 * pairs, whole)
    return Shares(nano, np.sqrt(variance / pairs), 2 * pairs)


def _contributions(worth: Worth, order: Ints) -> Ints:
    """What every member adds when all join in the given orders [orders, members]."""
    orders, members = order.shape
    rank = np.argsort(order, axis=1, kind="stable")
    joined = rank[:, None, :] <= np.arange(members)[None, :, None]  # after step k, by member
    values = worth(joined.reshape(-1, members)).reshape(orders, members)
    steps = np.diff(values, axis=1, prepend=np.int64(0))
    return np.asarray(np.take_along_axis(steps, rank, axis=1), dtype=np.int64)


def _members_of(worths: Ints) -> int:
    members = worths.size.bit_length() - 1
    if worths.size != 1 << members or int(worths[0]):
        raise ValueError("a game has 2 ** members worths, and the empty coalition is worth 0")
    check_members(members)
    return members


def _rounded(numerators: list[int], divisor: int, whole: int) -> Ints:
    """Divide exactly by largest remainder, so that the parts add up to ``whole``."""
    parts = [divmod(numerator, divisor) for numerator in numerators]
    left = whole - sum(part for part, _ in parts)
    nano = np.array([part for part, _ in parts], dtype=np.int64)
    by_rest = sorted(range(len(parts)), key=lambda member: (-parts[member][1], member))
    nano[by_rest[:left]] += 1
    return nano
