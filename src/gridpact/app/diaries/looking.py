"""The diaries of a run as its journal leaves them, and decisions put into one that waits."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np

from gridpact.app import folder
from gridpact.app.diaries.pieces import activations_of, followed_of, pieces_of
from gridpact.app.orders.acting import deliver, opened, paused_at
from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.diaries.decisions import Kept
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.following import Switched, followed, switched
from gridpact.scheduling.diaries.handlers import State
from gridpact.scheduling.diaries.issuing import Told
from gridpact.scheduling.diaries.messages import (
    AnswerEntries,
    BeginDiaries,
    DiaryRefused,
    EntriesAnswered,
    ModeSet,
    SetMode,
)
from gridpact.scheduling.diaries.modes import Codes
from gridpact.scheduling.diaries.pieces import Asked, Piece
from gridpact.scheduling.diaries.why import why
from gridpact.scheduling.diaries.worth import worth
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.needs.spelling import known_as, nearest
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.state import State as SchedulingState

Answer: TypeAlias = ModeSet | EntriesAnswered | DiaryRefused


class Seen:
    """The diaries of a run at an instant ``at`` [s since the epoch].

    ``kept`` are diaries with modes and answers; ``recorded`` says whether anybody has decided
    anything about them, so that they are in the journal. ``book`` are the needs that stand.
    """

    def __init__(self, record: Record, kept: Kept, at: int, *, recorded: bool, book: Book) -> None:
        self._record, self.kept, self.at, self.recorded = record, kept, at, recorded
        self.book = book

    @cached_property
    def community(self) -> Community:
        """The community of the run."""
        return self._record.opening().community

    @cached_property
    def assets(self) -> Switched:
        """What diaries are about, by row."""
        return switched(self.community)

    @cached_property
    def status(self) -> Codes:
        """Where each entry stands with its owner [entries]."""
        return self.kept.status(self.at)

    @cached_property
    def savings_nano(self) -> Ints:
        """What each entry is expected to save [entries], nano-¤."""
        return worth(self.community, self._pieces, self._asked, self.kept.diaries).entries

    def told(self, row: int) -> Told:
        """Return what is told of all entries; the reasons are those of one asset's."""
        found = why(self._places, self._pieces, self._asked, self.kept.diaries, {row})
        return Told(
            reasons=found.reasons,
            causes=found.causes,
            savings_nano=self.savings_nano,
            status=self.status,
            modes=self.kept.modes,
        )

    @cached_property
    def _pieces(self) -> list[Piece]:
        return pieces_of(self._record, self.kept.diaries)

    @cached_property
    def _asked(self) -> list[Asked]:
        return activations_of(self._record, self.kept.diaries)

    @cached_property
    def _places(self) -> Places:
        return Places(self.community)

    def row(self, asset: str) -> int:
        """Return the row of an asset; BadInput where it has no diary."""
        if (named := known_as(asset, self.assets.ids)) is not None:
            return self.assets.ids.index(named)
        near = nearest(asset, self.assets.ids)
        some = ", ".join(self.assets.ids[:8])
        fix = f"write {near}" if near else f"name one of {len(self.assets.ids)}, such as {some}"
        problem = f"no schedule switches {asset[:80]!r}"
        raise BadInput([Fault("arguments", 0, "ASSET", problem, fix)])


def look(path: Path) -> Seen:
    """Return the diaries of a paused run; BadInput where it does not wait, or has none yet."""
    folder.paused(path)
    return look_on(path)


def look_on(path: Path) -> Seen:
    """Return the diaries of any run; BadInput where there is no run, or no schedule yet."""
    folder.manifest(path)
    record = folder.record(path)
    with opened(path, writable=False) as (loop, _, community):
        at = max(loop.now, paused_at(path))
        kept = cast(State, loop.states["diaries"]).kept
        book = cast(SchedulingState, loop.states["scheduling"]).book or Book()
    if kept is not None:
        return Seen(record, kept, at, recorded=True, book=book)
    diaries = followed(community, followed_of(record))
    if diaries is None:
        fix = f"take it to its first schedule: {folder.resuming(path, 'INSTANT')}"
        raise BadInput([Fault(str(path), 0, "", "the run has made no schedule yet", fix)])
    return Seen(record, Kept.begun(diaries), at, recorded=False, book=book)


def ask(path: Path, seen: Seen, message: SetMode | AnswerEntries) -> Answer:
    """Put a decision into a paused run and return what became of it; raises as ``deliver`` does.

    The first decision of a run takes what was told until then into its journal.
    """
    begin = [] if seen.recorded else [_begin(seen.kept.diaries)]
    heard = deliver(path, [*begin, message])
    return next(each for each in heard if isinstance(each, Answer))


def _begin(diaries: Diaries) -> BeginDiaries:
    told, standing = diaries.instructions, diaries.standing
    return BeginDiaries(
        begin_s=diaries.begin_s,
        end_s=diaries.end_s,
        row=told.row,
        at_s=told.at_s,
        verb=told.verb.astype(np.int64),
        target_w=told.target_w,
        power_w=standing.power_w,
        changed_s=standing.changed_s,
        revision=diaries.revision,
    )
