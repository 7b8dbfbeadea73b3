"""Needs put into a run that waits, and the needs that stand in any run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

from gridpact.app import folder
from gridpact.app.orders.acting import deliver, opened, paused_at
from gridpact.kernel.messages import Message
from gridpact.registry.model import Community
from gridpact.scheduling.messages import (
    NeedRefused,
    NeedStated,
    NeedWithdrawn,
    StateNeed,
    WithdrawNeed,
)
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.directory import directory_of
from gridpact.scheduling.state import State

Answer: TypeAlias = NeedStated | NeedWithdrawn | NeedRefused


class Seen(NamedTuple):
    """A run at an instant [s since the epoch], with its book of needs as it then is."""

    community: Community
    at: int
    book: Book

    def context(self, owner: str) -> Context:
        """Return what a sentence of this owner is read in."""
        directory = directory_of(self.community)
        community = self.community
        return Context(owner, self.at, community.timezone, directory, step_s=community.step_s)


def look(path: Path) -> Seen:
    """Return a paused run as it is, without touching it; BadInput where it does not wait."""
    folder.paused(path)
    return look_on(path)


def look_on(path: Path) -> Seen:
    """Return the needs of any run as its journal leaves them; BadInput where there is no run."""
    folder.manifest(path)
    with opened(path, writable=False) as (loop, _, community):
        at = max(loop.now, paused_at(path))
        state = cast(State, loop.states["scheduling"])
        return Seen(community, at, state.book or Book())


def ask(path: Path, message: StateNeed | WithdrawNeed) -> Answer:
    """Put a message into a paused run and return what became of it; raises as ``deliver`` does."""
    heard: list[Message] = deliver(path, [message])
    return next(each for each in heard if isinstance(each, Answer))
