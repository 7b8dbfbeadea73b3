"""Everything that may be the reason of an entry: needs, limits of zones, rows of the portfolio."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.scheduling.diaries.reasons import Cause, Kind, Shared
from gridpact.scheduling.needs.binding.model import Bound
from gridpact.scheduling.needs.model import Intervention, Need
from gridpact.scheduling.priorities.levels import Level


class Causes(msgspec.Struct, frozen=True):
    """All causes, the position of each need that is about single assets, and those of limits.

    ``always`` are needs that explain whatever an asset does while they are in force.
    """

    all: tuple[Cause, ...]
    of_need: dict[str, int]
    shared: Shared
    always: frozenset[str]


def causes_of(bound: Bound, needs: Sequence[Need], zones: Sequence[str]) -> Causes:
    """Return what may be behind the entries of a fleet with needs bound to it.

    What an owner needs is for the owner alone to read; limits and contracts name only those whom
    they bind, who may know of them. A zone's limit has the name of the one need that sets it, or
    else the zone's, from ``zones`` [zones].
    """
    listed = [_own_cause(need) for need in needs]
    of_need = {need.id: place for place, need in enumerate(needs)}
    always = frozenset(need.id for need in needs if isinstance(need, Intervention))
    portfolio = bound.fleet.portfolio
    count = 0 if portfolio is None else len(portfolio.first)
    limits = _behind(bound, "zones", [Cause(Kind.LIMIT, name) for name in zones])
    rows = _behind(bound, "portfolio", [Cause(Kind.CONTRACT, f"row {n}") for n in range(count)])
    rows = [listed[of_need[one.id]] if one.id in always else one for one in rows]
    first = len(listed) + len(limits)
    shared = Shared(
        np.arange(len(listed), first, dtype=np.int64),
        np.arange(first, first + count, dtype=np.int64),
    )
    return Causes((*listed, *limits, *rows), of_need, shared, always)


def _own_cause(need: Need) -> Cause:
    kind = Kind.INTERVENTION if isinstance(need, Intervention) else Kind.NEED
    return Cause(kind, need.id, need.owner)


def _behind(bound: Bound, table: str, otherwise: list[Cause]) -> list[Cause]:
    """Return the cause of each row of a table: the one need behind it, or else its own name."""
    needs: list[dict[str, Level]] = [{} for _ in otherwise]
    for origin in bound.origins:
        if origin.table == table:
            needs[origin.row][origin.need] = origin.level
    return [
        _limit(*found.popitem()) if len(found) == 1 else other
        for found, other in zip(needs, otherwise, strict=True)
    ]


def _limit(need: str, level: Level) -> Cause:
    return Cause(Kind.LIMIT if level is Level.GRID else Kind.CONTRACT, need)
