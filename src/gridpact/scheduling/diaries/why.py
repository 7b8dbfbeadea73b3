"""Why the entries of a run's diaries are there: read off the plans that were in force for them.

A plan tells its states, the bounds it was given and the prices of its limits; the needs that stood
tell who asked for what. The rules are those of :mod:`.reasons`. Bounds that owners state day by day
without a name, such as a car that has to leave, are needs without an identifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridpact.scheduling.contracted.model import agreement_of
from gridpact.scheduling.diaries import met
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.pieces import Asked, Piece
from gridpact.scheduling.diaries.pulls import Signals
from gridpact.scheduling.diaries.reasons import Cause, InForce, Kind, Reasons, reasons_of
from gridpact.scheduling.needs.model import Intervention, Need
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing.places import Places

_KINDS = {Level.GRID: Kind.LIMIT, Level.CONTRACTS: Kind.CONTRACT}
"""Kinds of needs that bind others than their owner, too: no private ones."""


class Why(NamedTuple):
    """The reason of every entry of diaries, and all causes."""

    reasons: Reasons
    causes: tuple[Cause, ...]


def why(
    places: Places,
    pieces: Sequence[Piece],
    activations: Sequence[Asked],
    diaries: Diaries,
    rows: set[int] | None = None,
) -> Why:
    """Return the reasons of all entries; one that no piece is in force for has the price's.

    Where only some assets are asked about, needs of others are not looked into.
    """
    count, entries = len(diaries.instructions), diaries.instructions
    kind, cause = np.full(count, int(Kind.PRICE), np.int8), np.full(count, -1)
    causes: list[Cause] = []
    for piece in pieces:
        listed = _Listed(places, piece, activations)
        found = reasons_of(
            entries,
            diaries.standing,
            piece.slots,
            listed.causes,
            InForce.of(listed.rows(diaries, activations, rows)),
            (_signals(places, piece), listed.limits),
        )
        here = (piece.first_s <= entries.at_s) & (entries.at_s < piece.end_s)
        kind[here] = found.kind[here]
        cause[here] = np.where(found.cause >= 0, found.cause + len(causes), -1)[here]
        causes += listed.causes
    return Why(Reasons(kind, cause), tuple(causes))


class _Listed:
    """The causes of a piece: needs by name, limits of zones, what is asked without a name."""

    def __init__(self, places: Places, piece: Piece, activations: Sequence[Asked]) -> None:
        self._places, self._piece = places, piece
        zones = places.community.zones.ids
        needs = [_cause(need, places) for need in piece.needs]
        limits = [Cause(Kind.LIMIT, self._capping(row) or name) for row, name in enumerate(zones)]
        first = len(needs) + len(limits)
        self.limits = np.arange(len(needs), first, dtype=np.int64)
        self._of_need = {need.id: place for place, need in enumerate(piece.needs)}
        self._unnamed, self._by_hand, self._activated = first, first + 1, first + 2
        own = (Cause(Kind.NEED, ""), Cause(Kind.INTERVENTION, ""))
        asked = (Cause(Kind.ACTIVATION, one.id) for one in activations)
        self.causes = (*needs, *limits, *own, *asked)

    def _capping(self, zone: int) -> str:
        """Name of the one need that caps a zone; "" where there is none, or several."""
        sides = ("import", "export")
        names = {one.need for one in self._piece.bindings if one.side in sides and one.row == zone}
        return names.pop() if len(names) == 1 else ""

    def rows(
        self, diaries: Diaries, activations: Sequence[Asked], rows: set[int] | None
    ) -> list[met.Row]:
        """Return what is in force for assets, all or some."""
        places, piece = self._places, self._piece
        return [
            *met.decided(piece, len(places.storage), self._by_hand),
            *met.activated(piece.slots, activations, self._activated),
            *met.named(places, piece, self._of_need, rows),
            *met.unnamed(places, piece, self._unnamed),
            *met.runs(places, piece, diaries, self._unnamed),
        ]


def _cause(need: Need, places: Places) -> Cause:
    """What a need is as a reason: limits of the grid and contracts have no private owner."""
    if places.zones(need) is not None:
        return Cause(Kind.LIMIT, need.id)
    if agreement := agreement_of(need.id):
        return Cause(Kind.CONTRACT, agreement, need.owner)
    if need.level in _KINDS:
        return Cause(_KINDS[need.level], need.id)
    kind = Kind.INTERVENTION if isinstance(need, Intervention) else Kind.NEED
    return Cause(kind, need.id, need.owner)


def _signals(places: Places, piece: Piece) -> Signals:
    problem, community = piece.problem, places.community
    zones, slots = len(problem.zones.parent), problem.slots.count
    shape = (max(zones, 1), slots)
    homes = [*community.storage.member.tolist(), *community.runs.member.tolist()]
    price = np.zeros(shape)
    price[:zones] = piece.plan.zone_price[:, :slots]
    return Signals(
        bought=np.broadcast_to(problem.import_price[0].astype(np.float64), shape),
        sold=np.broadcast_to(problem.export_price[0].astype(np.float64), shape),
        limits=price,
        parent=problem.zones.parent,
        zone=problem.zones.zone[np.array(homes, np.int64)],
    )
