"""Whether rounds still get anywhere: when to stop, to ask all, or to begin from nothing."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.scheduling.fleet.solution import Round, relative_gap

PATIENCE = 24
STALLED = 0.01
"""A gap that closes by less than this part in so many rounds is taken for final."""
LOOK, FRUITLESS = 5, 0.3
"""A part of the fleet is asked alone for so many rounds, and then until one closes less than this
part of what the gap is too wide by."""
STUCK = ((3, 30), (5, 10))
"""A warm start is given up after so many rounds without a better bound, where the gap is so many
times too wide: from nothing it would be as narrow after some more."""


def idle(rounds: Sequence[Round], gap: float) -> bool:
    """Whether asking a part alone, in these rounds, has closed what it can."""
    if len(rounds) < LOOK:
        return False
    before, now = (_apart(one) for one in rounds[-2:])
    return before - now < FRUITLESS * (before - gap)


def stuck(rounds: Sequence[Round], gap: float) -> bool:
    """Whether a warm start found no better bound for long, though the gap is wide."""
    return any(
        len(rounds) >= count
        and _apart(rounds[-1]) > wide * gap
        and rounds[-count].lower_nano == rounds[-1].lower_nano
        for count, wide in STUCK
    )


def final(rounds: Sequence[Round], since: int, by_round: int) -> bool:
    """Whether bounds no longer get closer; ``since`` counts rounds at the penalty in force.

    ``by_round`` of these rounds make one in which all are asked.
    """
    patience = PATIENCE * by_round
    if since <= patience:
        return False
    before, now = rounds[-patience - 1], rounds[-1]
    closed = before.upper_nano - now.upper_nano + now.lower_nano - before.lower_nano
    return closed < STALLED * max(now.upper_nano - now.lower_nano, 0.0)


def _apart(one: Round) -> float:
    return relative_gap(one.lower_nano, one.upper_nano)
