"""Who is there beside who was said to be: what was seen holds for the first part of a plan."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.operation.model import Operation

ABSENT_S = 3600
"""Storage that is not there though its owner said so is not counted on for this long [s]."""


def met(needs: NeedsStated, operation: Operation, community: Community) -> NeedsStated:
    """Hold the needs of owners to who was seen to be there.

    Storage that came before its time can be used until that time, and what its trip took is no
    longer to come. Storage that should be there and is not cannot be used for an hour.
    """
    charge, discharge = needs.charge_max_wh.copy(), needs.discharge_max_wh.copy()
    draw = needs.draw_wh.copy()
    away = (charge == 0) & (discharge == 0)
    for row in np.flatnonzero(operation.early).tolist():
        first = _first(~away[row])
        charge[row, :first] = _per_slot(community, community.storage.charge_w[row], needs)
        discharge[row, :first] = _per_slot(community, community.storage.discharge_w[row], needs)
        draw[row, : first + 1] = 0
    slots = ABSENT_S // needs.window.step
    charge[operation.missing, :slots] = 0
    discharge[operation.missing, :slots] = 0
    return msgspec.structs.replace(
        needs, charge_max_wh=charge, discharge_max_wh=discharge, draw_wh=draw
    )


def _first(there: Ints) -> int:
    """Position of the first slot with an asset there; past the end where there is none."""
    return int(np.argmax(there)) if there.any() else len(there)


def _per_slot(community: Community, power_w: Ints, needs: NeedsStated) -> Ints:
    return power_w * needs.window.step // 3600
