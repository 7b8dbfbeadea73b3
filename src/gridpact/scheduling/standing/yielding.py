"""Which need gives way where a need that is taken clashes with one of its owner's: told with it.

Needs that must be are refused where they contradict (:mod:`..needs.book`); a wish, or what has a
worth, gives way to them instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridpact.scheduling.needs.book import Book, clashes, standing
from gridpact.scheduling.needs.model import Need, Run
from gridpact.scheduling.needs.ranks import Rank, called, rank
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.standing.appliances import same_day_runs
from gridpact.scheduling.standing.places import Places

_IT_IS = {Rank.WISH: "it is a wish and gives way to", Rank.WORTH: "it has a worth and gives way to"}


def yielding_notes(places: Places, book: Book, need: Need, now: int) -> Iterator[str]:
    """Say of every clash of a need in force which of the needs gives way, and why."""
    there = Book(standing(book, now, places.timezone), book.versions)
    for found in clashes(there, need, now, places.rules):
        yield f"{_which(need, found.needs[1:])}: {found.why}"
    if isinstance(need, Run):
        for asset in places.assets(need):
            for other in same_day_runs(need, asset, there.needs, places, now):
                if rank(other) is not rank(need):
                    yield f"{_which(need, [other])}: {asset.id} runs once a day"


def _which(need: Need, others: Sequence[Need]) -> str:
    own, lowest = rank(need), max(rank(one) for one in others)
    if own > lowest:
        return f"{_IT_IS[own]} {listed([one.id for one in others])}"
    ways = " and ".join(called(one) for one in others if rank(one) is lowest)
    if own < lowest:
        return f"{ways}, gives way to it"
    if own is Rank.WORTH:
        return f"it cannot be had with {ways}: what is worth less gives way"
    return f"it cannot be had with {ways}: as little as can be is missed of both"
