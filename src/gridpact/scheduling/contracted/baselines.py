"""From what flexibility counts: what members were planned to take when it was agreed, or called."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec.structs import replace

from gridpact.base.slots import Slots
from gridpact.base.units import Bools
from gridpact.scheduling.contracted.duties import duties
from gridpact.scheduling.contracted.model import BySlot, Contracts
from gridpact.scheduling.operation.in_force import at
from gridpact.scheduling.state import InForce


def with_baselines(
    before: Contracts,
    after: Contracts,
    plans: tuple[InForce, ...],
    members: Mapping[str, int],
    now: int,
) -> Contracts:
    """Return ``after`` with what plans in force say of slots that newly count from a baseline.

    Slots that counted already keep theirs: a plan that serves an agreement is no baseline for it.
    ``members`` are rows by name. What has begun is forgotten.
    """
    found = {name: own.since(now) for name, own in after.baseline.items()}
    for item in plans:
        had = _counting(before, members, item.window)
        for party, due in _counting(after, members, item.window).items():
            starts = item.window.starts()
            new = due & (starts > now) & _says(item, plans)
            new &= ~had.get(party, np.zeros_like(due))
            if new.any():
                net = item.plan.net_wh[members[party], : len(starts)]
                found[party] = found.get(party, BySlot()).revised(starts[new], net[new])
    kept = {name: own for name, own in sorted(found.items()) if own.starts.size}
    return replace(after, baseline=kept)


def asks_otherwise(
    before: Contracts, after: Contracts, members: Mapping[str, int], slots: Slots
) -> bool:
    """Whether agreements ask for anything else in some slots than before."""
    old, new = (
        [one for one in duties(each, members, slots) if not one.is_empty]
        for each in (before, after)
    )
    pairs = zip(old, new, strict=False)
    return len(old) != len(new) or not all(one.asks_as(other) for one, other in pairs)


def _counting(contracts: Contracts, members: Mapping[str, int], slots: Slots) -> dict[str, Bools]:
    """Where something counts from a baseline [slots], by member."""
    found: dict[str, Bools] = {}
    for duty in duties(contracts, members, slots):
        counts = duty.less_wh != 0
        found[duty.party] = found.get(duty.party, np.zeros_like(counts)) | counts
    return found


def _says(item: InForce, plans: tuple[InForce, ...]) -> Bools:
    """Slots of a plan [slots] in which it, and no later one, says what is done."""
    return np.array([at(plans, slot) is item for slot in item.window.starts().tolist()], np.bool_)
