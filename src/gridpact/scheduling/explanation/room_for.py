"""Whether there is room for one more need, and if not, what it clashes with."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.explanation.model import Explanation
from gridpact.scheduling.explanation.trial import Accepts, anything
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.model import Need


class Room(msgspec.Struct, frozen=True):
    """Whether needs fit beside those there are; ``why`` says what clashes where they do not.

    ``aside`` are needs that cannot be kept beside the others already, and were left aside.
    """

    fits: bool
    why: Explanation
    aside: tuple[Need, ...]


def room_for(
    site: Site, needs: Sequence[Need], more: Sequence[Need], accepts: Accepts = anything
) -> Room:
    """Tell whether ``more`` can be kept beside all of ``needs`` that can be kept together.

    Of a conflict that there is already, what had better give is left aside: the first member.
    All needs have identifiers. Raises BadInput and takes ``accepts`` as
    :func:`.explain.explain` does.
    """
    kept, aside = list(needs), list[Need]()
    while gone := _first_to_give(explain(site, kept, joint=False, offers=False)):
        aside += [need for need in kept if need.id in gone]
        kept = [need for need in kept if need.id not in gone]
    why = explain(site, [*kept, *more], joint=False, accepts=accepts)
    return Room(not why.conflicts and not why.unbound, why, tuple(aside))


def _first_to_give(found: Explanation) -> set[str]:
    """Identifiers of what had better give of each conflict, and of what nothing can hold."""
    firsts = {need.id for one in found.conflicts for need in one.members[0].needs}
    return firsts | {one.need.id for one in found.unbound}
