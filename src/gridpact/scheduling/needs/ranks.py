"""Which of two needs gives way where both cannot be had: wishes, and last what has a worth."""

from __future__ import annotations

from enum import IntEnum

from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.priorities.levels import Level


class Rank(IntEnum):
    """What must be comes before what is wished, and that before what is weighed against money."""

    MUST = 0
    WISH = 1
    WORTH = 2


_TELLS = {Rank.MUST: "", Rank.WISH: "a wish", Rank.WORTH: "which has a worth"}


def rank(need: Need) -> Rank:
    """Return what a need comes after."""
    if not need.hard:
        return Rank.WORTH
    return Rank.WISH if need.level is Level.WISHES else Rank.MUST


def gives_way(need: Need) -> bool:
    """Whether a need may be missed for what others need, or for money."""
    return rank(need) is not Rank.MUST


def called(need: Need) -> str:
    """Name a need with what makes it give way, such as "need-4, a wish"."""
    return ", ".join(part for part in (need.id, _TELLS[rank(need)]) if part)
