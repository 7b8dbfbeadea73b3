"""What an explanation says of set-points that activations hold: these are nobody's choice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.app.orders.instants import local
from gridpact.app.schedules.posing import Gathered
from gridpact.scheduling.activation.model import Active
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.standing.places import Places


def held_words(was: Gathered, places: Places, party: str) -> Iterator[str]:
    """Yield a sentence for each activation that a plan was made around.

    Operators are told of all of them, owners of those that hold storage of their own.
    """
    for one in was.active:
        held = _held(was, one)
        operator = places.directory.spans_all(party)
        owners = [places.directory.assets[places.directory.by_id[name]].owner for name in held]
        mine = [
            name for name, owner in zip(held, owners, strict=True) if operator or owner == party
        ]
        if mine:
            begin, end = (local(at, places.timezone) for at in (one.window.start, one.window.end))
            verb = "is" if len(mine) == 1 else "are"
            yield f"{listed(mine)} {verb} held by {one.id} from {begin} to {end}."


def _held(was: Gathered, active: Active) -> list[str]:
    """Storage whose set-points a plan had to keep while an activation lasts."""
    held, slots = was.whole.held, was.solved.horizon
    if held is None:
        return []
    starts = slots.starts()
    during = (active.window.start <= starts) & (starts < active.window.end)
    rows = np.flatnonzero(held.storage[:, during].any(axis=1)).tolist()
    return [was.community.storage.ids[row] for row in rows]
