"""Name assets whose own needs no plan of theirs meets, whatever the others do."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Prices, Zones, rows_of
from gridpact.scheduling.reference.highs import Search, minimise
from gridpact.scheduling.reference.model import build, no_modes


def refuse_unmet(fleet: Fleet, search: Search) -> None:
    """Raise BadInput with every asset that can do nothing allowed even when it is alone."""
    faults = [
        Fault(
            "fleet",
            0,
            f"{name}[{row}]",
            "its own needs cannot be met, whatever it does",
            "widen its bounds, lower its least powers, or give it more time",
        )
        for name in TABLES
        for row in range(_count(fleet, name))
        if not possible(alone(fleet, name, row), search)
    ]
    if faults:
        raise BadInput(faults)


def alone(fleet: Fleet, name: str, row: int) -> Fleet:
    """A fleet of this one asset, in a zone without limits."""
    table = rows_of(getattr(fleet, name), np.array([row]))
    zones = Zones(parent=np.array([-1]))
    own = {name: msgspec.structs.replace(table, zone=np.zeros(1, np.int64))}
    return Fleet(slots=fleet.slots, step_s=fleet.step_s, zones=zones, **own)


def _count(fleet: Fleet, name: str) -> int:
    table = getattr(fleet, name)
    return 0 if table is None else len(table.zone)


def possible(fleet: Fleet, search: Search) -> bool:
    """Whether any plan of the assets keeps their own limits."""
    free = Prices(np.zeros(fleet.slots))
    model = build(fleet, free, np.inf, no_modes(fleet))
    return minimise(model.arrays, search) is not None
