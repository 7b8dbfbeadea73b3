"""Who owns what, so that what is missing can be shared by owner."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.scheduling.fleet.columns import Fleet
from gridpact.scheduling.fleet.faults import table_size
from gridpact.scheduling.fleet.findings import Findings
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.sharing import Memory


class Owners(msgspec.Struct, frozen=True):
    """Which member owns each car and each row of storage: rows of a :class:`Memory`."""

    of_car: Ints
    of_storage: Ints


def refuse_unfair(fleet: Fleet, owners: Owners, memory: Memory, level: Level) -> None:
    """Raise BadInput with everything that is wrong with owners, what they gave, and the level."""
    found, members = Findings(), len(memory.member)
    for name, table in (("of_car", "one_way"), ("of_storage", "storage")):
        own, count = getattr(owners, name), table_size(fleet, table)
        if np.shape(own) != (count,):
            found.add(f"owners.{name}", f"has shape {np.shape(own)}", f"give {count} members")
            continue
        unknown = "there is no member {value}"
        found.whole(f"owners.{name}[{{}}]", own, count, (0, members - 1), unknown)
    for name in ("weight", "balance_milli_wh"):
        shape = np.shape(getattr(memory, name))
        if shape != (members,):
            found.add(f"memory.{name}", f"has shape {shape}", f"give {members} numbers")
    weight = found.number("memory[{}].weight", memory.weight, (members,), (0.0, 1e15))
    if weight is not None:
        idle = np.asarray(memory.weight) == 0
        found.rows(idle, "memory[{}].weight", "is 0", "give a weight above 0")
    if len(np.unique(memory.member)) != members:
        found.add("memory.member", "names a member twice", "give each a number of its own")
    if level not in (Level.NEEDS, Level.WISHES):
        found.add("level", f"is {level!r}", "give NEEDS or WISHES")
    found.refuse()
