"""Activations put into a run that waits, and what one would be."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

from gridpact.app import folder
from gridpact.app.orders.acting import deliver, opened, paused_at
from gridpact.base.errors import BadInput, Fault
from gridpact.registry.model import Community
from gridpact.scheduling.activation.desk import Divided, divided
from gridpact.scheduling.activation.messages import (
    ActivationIssued,
    ActivationRefused,
    ActivationRequested,
)
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.state import State

Answer: TypeAlias = ActivationIssued | ActivationRefused
OPTIONS = {
    "by": "--by",
    "zones": "--zone",
    "power_w": "--kw",
    "begin": "--at",
    "lasts_s": "--minutes",
    "rule": "--split",
}
"""Options of the command line that fields of a request are given by."""


class Seen(NamedTuple):
    """A run that waits at an instant [s since the epoch], with its schedules as they then are."""

    community: Community
    at: int
    state: State

    @property
    def next_slot(self) -> int:
        """The first slot that has not begun."""
        step = self.community.step_s
        return (self.at // step + 1) * step


def look(path: Path) -> Seen:
    """Return a paused run as it is, without touching it; BadInput where it does not wait."""
    folder.paused(path)
    with opened(path, writable=False) as (loop, _, community):
        at = max(loop.now, paused_at(path))
        return Seen(community, at, cast(State, loop.states["scheduling"]))


def foresee(seen: Seen, message: ActivationRequested) -> Divided:
    """Say what a request would come to; BadInput with everything for which it would be refused."""
    found = divided(Places(seen.community), seen.state, message, seen.at)
    if isinstance(found, Divided):
        return found
    raise BadInput(
        Fault("arguments", 0, OPTIONS.get(each.where.partition("[")[0], ""), each.problem, each.fix)
        for each in found
    )


def ask(path: Path, message: ActivationRequested) -> Answer:
    """Put a request into a paused run and return what became of it; raises as ``deliver`` does."""
    return next(each for each in deliver(path, [message]) if isinstance(each, Answer))
