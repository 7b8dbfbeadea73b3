"""How schedules came into force in a run: by sessions, and made anew between them, with causes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gridpact.app.record import Kept, Record
from gridpact.scheduling.messages import (
    Cause,
    Misses,
    PlanSkipped,
    ScheduleKept,
    ScheduleRevised,
    ScheduleSolved,
)
from gridpact.scheduling.problem import Conflict

KINDS = (ScheduleSolved, PlanSkipped, ScheduleRevised, ScheduleKept)
ROUNDING_WH = 10
"""Wh by which what is followed slot by slot may be off what a plan in whole Wh says it misses."""
NAMED = 3
UNBOUND, SOFT = "unbound", "soft"
"""Kind of what nothing is counted of."""
"""Names that are listed of one cause; of more their number is told."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about schedules, ``made`` at an instant [s since the epoch].

    ``outcome`` is ``solved`` or ``skipped`` for a session's schedule, ``revised`` or ``kept`` for
    one between sessions, which would be in force from ``begins`` on; -1 where that is not known.
    ``missed`` is what it misses until its day ends, and ``instead`` what the schedule before would
    have missed; None where nothing was compared. ``conflicts`` are what it misses in all it looks
    at, beyond the day too: by the asset, zone or sum, with the stated needs behind it. Its cost is
    proven to within ``unproved_nano``.
    """

    made: int
    outcome: str
    name: str
    begins: int
    causes: tuple[Cause, ...] = ()
    reason: str = ""
    missed: Misses | None = None
    instead: Misses | None = None
    unproved_nano: int = 0
    conflicts: tuple[Conflict, ...] = ()

    @property
    def later_wh(self) -> int:
        """What it misses beyond its day [Wh]; of a session's schedule, all that it misses."""
        total = sum(one.missing_wh for one in self.conflicts if one.kind != SOFT)
        today = self.missed
        if today is not None:
            total -= today.needs_wh + today.runs_wh + today.limits_wh + today.contracts_wh
            total -= today.wishes_wh
        return total if total > ROUNDING_WH else 0

    @property
    def needs(self) -> tuple[str, ...]:
        """Stated needs that it misses, but for those that it misses for money."""
        return _of(one for one in self.conflicts if one.kind not in (UNBOUND, SOFT))

    @property
    def unheld(self) -> tuple[str, ...]:
        """Stated needs that nothing is counted of, as they cannot be held to as things are."""
        return tuple(name for name in _of(self.conflicts) if name not in self.needs)


def _of(conflicts: Iterable[Conflict]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(need for one in conflicts for need in one.needs))


def history(record: Record) -> list[Entry]:
    """Tell every decision about schedules, in the order in which they were made."""
    kept = sorted((each for kind in KINDS for each in record.kept(kind)), key=lambda one: one.seq)
    return list(_entries(kept))


def _entries(kept: list[Kept]) -> Iterator[Entry]:
    for each in kept:
        match each.message:
            case ScheduleSolved() as one:
                yield Entry(
                    made=each.time,
                    outcome="solved",
                    name=one.session,
                    begins=one.window.start,
                    unproved_nano=one.plan.unproved_nano,
                    conflicts=one.plan.conflicts,
                )
            case PlanSkipped() as one:
                yield Entry(
                    made=each.time,
                    outcome="skipped",
                    name=one.session,
                    begins=-1,
                    reason=one.reason,
                )
            case ScheduleRevised() as one:
                yield _revised(one, each.time)
            case ScheduleKept() as one:
                yield Entry(
                    made=each.time,
                    outcome="kept",
                    name=one.name,
                    begins=one.window.start,
                    causes=one.causes,
                    reason=one.reason,
                )


def _revised(one: ScheduleRevised, made: int) -> Entry:
    return Entry(
        made=made,
        outcome="revised",
        name=one.name,
        begins=one.window.start,
        causes=one.causes,
        missed=one.missed,
        instead=one.instead,
        unproved_nano=one.plan.unproved_nano,
        conflicts=one.plan.conflicts,
    )


def in_words(causes: tuple[Cause, ...]) -> str:
    """Write causes such as ``timer; refusal: home-03-car``."""
    return "; ".join(_cause(each) for each in causes)


def _cause(cause: Cause) -> str:
    if not cause.names:
        return cause.kind
    more = len(cause.names) - NAMED
    listed = ", ".join(cause.names[:NAMED])
    return f"{cause.kind}: {listed} and {more:,} more" if more > 0 else f"{cause.kind}: {listed}"
