"""Whether a run would take what an explanation proposes: the door that every need comes through."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from gridpact.scheduling.explanation.trial import Accepts
from gridpact.scheduling.messages import NeedRefused, StateNeed
from gridpact.scheduling.needs.book import Book, remove
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.standing import desk
from gridpact.scheduling.standing.places import Places


def door(places: Places, book: Book, now: int) -> Accepts:
    """Return whether a run takes needs in place of those that they change, at ``now`` [s, epoch].

    What no book has, such as a limit of the scenario, is for the scenario to change.
    """

    def accepts(needs: Sequence[Need]) -> bool:
        asked = [replace(one, id=one.id.split("/")[0]) for one in needs if one.id[:5] == "need-"]
        left = book
        for one in asked:
            without = remove(left, one.id, one.owner, now, places.rules)
            left = without if isinstance(without, Book) else left
        for one in asked:
            message = StateNeed(by=one.owner, need=replace(one, id=""))
            left, answer = desk.take(places, left, message, now)
            if isinstance(answer, NeedRefused):
                return False
        return True

    return accepts
