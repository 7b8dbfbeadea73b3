"""The seam between the engine and the classes of assets: exact best answers to given prices.

An oracle holds the assets of one class, sorted by group. A group is what the engine sees: the
assets of one class in one zone that are in the same portfolio sets, cut into a few parts of like
assets. Inside the engine energy is kWh, prices are ¤/kWh and money is ¤, all float64.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from gridpact.base.units import Floats, Ints


class Layout(msgspec.Struct, frozen=True):
    """How the assets of one oracle lie: ``rows`` of the caller's table, group by group.

    Assets of group ``g`` are ``rows[first[g] : first[g + 1]]``; their place in ``rows`` is their
    sorted row. An oracle is built from its table, a layout, and the fleet's slots and hours.
    """

    rows: Ints
    first: Ints


class Answers(msgspec.Struct, frozen=True):
    """What groups answer to prices: sums over their assets.

    ``energy`` [groups, slots]: net energy taken [kWh]. ``own_cost`` [groups]: costs beside that of
    energy, such as wear, fuel and starts [¤]. Together they are the least
    ``own_cost + Σ prices · energy``, up to ``slack`` [groups]: each answer is at most so much [¤]
    above the least (0 where the answer is the least; the lower bound deducts it).
    """

    energy: Floats
    own_cost: Floats
    slack: Floats


class Oracle(Protocol):
    """One class of assets. A plain struct of arrays, so that it can be sent to another process.

    ``first`` [groups + 1]: assets of group ``g`` are the sorted rows ``first[g] : first[g + 1]``.
    ``divisible``: any mix of plans of an asset is again one of its plans. Where not (a run starts
    once), the engine gives each asset one plan whole.
    """

    @property
    def first(self) -> Ints:
        """Where each group begins among the sorted rows, [groups + 1]."""
        ...

    @property
    def divisible(self) -> bool:
        """Whether a mix of an asset's plans is a plan of it."""
        ...

    def exact(self) -> Oracle:
        """The same oracle in float64 throughout, for lower bounds; itself where it is that."""
        ...

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups to prices [groups, slots], ¤/kWh.

        Deterministic; equal prices give equal answers, ties are broken in a fixed way.
        """
        ...

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single assets (sorted rows [n]) to prices [slots]: [n, channels, slots], kWh.

        They are the very plans whose sums ``best`` gives. Channel 0 is net energy taken, except
        for storage: 0 is charge and 1 discharge, both ≥ 0 at the grid side.
        """
        ...

    def part(self, groups: slice) -> Oracle:
        """The same oracle with these groups alone."""
        ...
