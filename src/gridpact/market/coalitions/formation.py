"""Coalitions that form because their members gain.

Everyone begins alone. Two coalitions merge where, after the cost of running a coalition of that
size, every member of both gets at least what it had and one gets more, each by its Shapley value
inside its own coalition; of all such merges the one with the greatest gain comes first, then the
one with the lowest members. It ends when no merge is agreed. Merging under a Pareto rule is that
of K. R. Apt & A. Witzel, "A generic approach to coalition formation" (2009).
"""

from __future__ import annotations

from itertools import combinations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.coalitions.shapley import EXACT_MEMBERS, Worth, exact

Members = tuple[int, ...]


class Formation(msgspec.Struct, frozen=True):
    """Who is with whom: ``coalition`` [members] is the lowest member of each one's coalition.

    ``shares_nano`` [members] is what each gains, costs deducted; ``merges`` are the agreed
    merges in order, as the members of the new coalition.
    """

    coalition: Ints
    shares_nano: Ints
    merges: tuple[Members, ...]


def form(
    worth: Worth, members: int, cost_nano: Ints | None = None, largest: int = EXACT_MEMBERS
) -> Formation:
    """Let coalitions merge until no merge is agreed.

    Parameters
    ----------
    worth : callable
        Values coalitions given as bool [coalitions, members] in nano-¤.
    members : int
        How many members there are.
    cost_nano : int64 [members + 1], optional
        What it costs to run a coalition of a size; members who stay alone pay nothing.
    largest : int
        The most members a coalition may have; at most :data:`EXACT_MEMBERS`, so that all shares
        are exact.
    """
    if not 1 <= largest <= EXACT_MEMBERS:
        raise ValueError(f"coalitions have 1 to {EXACT_MEMBERS} members, not {largest}")
    shares = _Shares(worth, members, cost_nano)
    parts: list[Members] = [(member,) for member in range(members)]
    merges: list[Members] = []
    while True:
        agreed = _best_merge(parts, shares, largest)
        if agreed is None:
            break
        one, other = agreed
        merged = tuple(sorted(one + other))
        merges.append(merged)
        parts = sorted([part for part in parts if part not in (one, other)] + [merged])
    coalition, nano = np.zeros(members, dtype=np.int64), np.zeros(members, dtype=np.int64)
    for part in parts:
        coalition[list(part)], nano[list(part)] = part[0], shares.of(part)
    return Formation(coalition, nano, tuple(merges))


def _best_merge(
    parts: list[Members], shares: _Shares, largest: int
) -> tuple[Members, Members] | None:
    best, most = None, 0
    for one, other in combinations(parts, 2):
        if len(one) + len(other) > largest:
            continue
        gain = _gain(one, other, shares)
        if gain > most:
            best, most = (one, other), gain
    return best


def _gain(one: Members, other: Members, shares: _Shares) -> int:
    """What both gain together by merging, 0 where a member would lose."""
    merged = tuple(sorted(one + other))
    before = dict(zip(one + other, [*shares.of(one), *shares.of(other)], strict=True))
    gains = [after - before[m] for m, after in zip(merged, shares.of(merged), strict=True)]
    return sum(gains) if min(gains) >= 0 else 0


class _Shares:
    """What members get inside a coalition, worked out once for each."""

    def __init__(self, worth: Worth, members: int, cost_nano: Ints | None) -> None:
        self._worth, self._members = worth, members
        self._cost = np.zeros(members + 1, dtype=np.int64) if cost_nano is None else cost_nano
        self._known: dict[Members, list[int]] = {}

    def of(self, part: Members) -> list[int]:
        """Shapley value of the coalition's own game [nano-¤ by its members]."""
        if part not in self._known:
            self._known[part] = exact(self._worths(part)).nano.tolist()
        return self._known[part]

    def _worths(self, part: Members) -> Ints:
        """Worth of every subset after costs; a subset that does not pay stays apart."""
        inside = (np.arange(1 << len(part))[:, None] >> np.arange(len(part))) & 1 > 0
        which: Bools = np.zeros((inside.shape[0], self._members), dtype=np.bool_)
        which[:, list(part)] = inside
        size = inside.sum(axis=1)
        net = self._worth(which) - self._cost[size]
        # the coalition itself may lose by forming, which its members then see
        return np.where((size <= 1) | ((net < 0) & (size < len(part))), 0, net)
