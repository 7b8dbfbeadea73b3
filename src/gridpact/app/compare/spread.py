"""How evenly gains are spread over members."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gridpact.settlement import fairness


class Spread(msgspec.Struct, frozen=True):
    """Who gains: counts of members, and the lowest, the middle and the highest gain [nano-¤].

    ``gini`` is 0 where all gain the same and nears 1 where one gains it all; None where somebody
    loses or nobody gains, as it says nothing then.
    """

    gainers: int
    losers: int
    lowest_nano: int
    median_nano: float
    highest_nano: int
    gini: float | None


def spread(gains_nano: Sequence[int]) -> Spread:
    """Describe gains [nano-¤] of at least one member; those who gain nothing count too."""
    ordered = sorted(gains_nano)
    count = len(ordered)
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    return Spread(
        gainers=sum(gain > 0 for gain in ordered),
        losers=sum(gain < 0 for gain in ordered),
        lowest_nano=ordered[0],
        median_nano=middle,
        highest_nano=ordered[-1],
        gini=gini(ordered),
    )


def gini(ordered: Sequence[int]) -> float | None:
    """Gini coefficient of amounts; None where one is negative or all are 0."""
    found = fairness.gini(ordered)
    return None if found is None else float(found)
