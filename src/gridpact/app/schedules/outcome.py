"""What a solve came to, in figures for people and programs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gridpact.app.schedules.limits import TightLimit
from gridpact.app.schedules.model import Solved
from gridpact.app.schedules.view import MissedView
from gridpact.scheduling.fleet.columns import TABLES
from gridpact.scheduling.fleet.solution import Missed


class MissedLimit(msgspec.Struct, frozen=True):
    """A shared limit that is not kept: ``slot`` is a position, energy in Wh."""

    name: str
    kind: str
    slot: int
    missing_wh: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A solve in figures: bounds on the least cost [nano-¤], prices of limits, what is missed.

    ``start`` is the first slot [s since the epoch], ``step`` its length [s], ``gap`` the proven
    relative distance of the cost from the least possible.
    """

    title: str
    session: str
    currency: str
    start: int
    step: int
    slots: int
    zones: int
    assets: int
    status: str
    lower_nano: float
    cost_nano: float
    gap: float
    rounds: int
    tight: tuple[TightLimit, ...]
    missed: tuple[MissedLimit, ...]
    unmet: tuple[MissedView, ...] = ()


def outcome(
    solved: Solved, tight: Sequence[TightLimit], unmet: Sequence[MissedView] = ()
) -> Outcome:
    """Sum a solve up; ``unmet`` is what assets were asked for and could not be had."""
    solution, slots = solved.solution, solved.slots
    return Outcome(
        title=solved.title,
        session=solved.session,
        currency=solved.currency,
        start=slots.start,
        step=slots.step,
        slots=slots.count,
        zones=len(solved.names.zones),
        assets=sum(len(getattr(solved.names, name)) for name in TABLES),
        status=str(solution.status),
        lower_nano=solution.lower_nano,
        cost_nano=solution.upper_nano,
        gap=solution.gap,
        rounds=len(solution.rounds),
        tight=tuple(tight),
        missed=tuple(_missed(solved, one) for one in solution.missed),
        unmet=tuple(unmet),
    )


def _missed(solved: Solved, one: Missed) -> MissedLimit:
    zone = one.kind in ("import", "export")
    name = solved.names.zones[one.row] if zone else f"portfolio[{one.row}]"
    return MissedLimit(name, one.kind, one.slot, one.missing_wh)
