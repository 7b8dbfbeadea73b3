"""Hold plans to what owners decided of their diaries.

What is off has no power, and appliances keep to the starts that decisions leave them. Storage that
is left to itself or pinned has its power fixed; it is planned around as activations are. An
activation that lasts comes before what is pinned, and before what is left to itself only where it
counted on that; what is off is off.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.registry.model import Community
from gridpact.scheduling.activation.holding import Held
from gridpact.scheduling.diaries.holds import Hold, Holds
from gridpact.scheduling.diaries.modes import Codes
from gridpact.scheduling.diaries.plain_plan import plain_storage
from gridpact.scheduling.messages import DispatchIssued, NeedsStated
from gridpact.scheduling.problem import Problem, StorageColumns


def closed(community: Community, stated: NeedsStated, holds: Holds) -> NeedsStated:
    """Return needs without power for what is off, and with the starts left to appliances."""
    storages, runs = len(community.storage.ids), len(community.runs.ids)
    codes, power_w = holds.over(stated.window, storages + runs)
    off = codes[:storages] == Hold.OFF
    earliest, latest = stated.run_earliest.copy(), stated.run_latest.copy()
    lengths = -(-community.runs.duration_s // stated.window.step)
    touched = codes[storages:].any(axis=1) & (earliest >= 0)
    for run in np.flatnonzero(touched).tolist():
        own = storages + run
        usual = int(earliest[run]), int(latest[run])
        earliest[run], latest[run] = _starts(usual, int(lengths[run]), codes[own], power_w[own])
    return msgspec.structs.replace(
        stated,
        charge_max_wh=np.where(off, 0, stated.charge_max_wh),
        discharge_max_wh=np.where(off, 0, stated.discharge_max_wh),
        run_earliest=earliest,
        run_latest=latest,
    )


def _starts(usual: tuple[int, int], length: int, codes: Codes, power_w: Ints) -> tuple[int, int]:
    """First and last start of a run: as soon as it may, as pinned, or the longest free stretch."""
    rests = (codes == Hold.OFF) | ((codes == Hold.PINNED) & (power_w == 0))
    first, last = _stretch(rests, usual, length)
    pinned = np.flatnonzero((codes == Hold.PINNED) & (power_w > 0))
    if (codes == Hold.PLAIN).any():
        return first, min(first, last)
    if pinned.size and first <= pinned[0] <= last:
        return int(pinned[0]), int(pinned[0])
    return first, last


def _stretch(rests: Bools, usual: tuple[int, int], length: int) -> tuple[int, int]:
    """First and last of the longest stretch of starts from which a run never has to rest."""
    before = np.concatenate([[0], np.cumsum(rests)])
    starts = np.arange(usual[0], min(usual[1], len(rests) - length) + 1)
    free = np.concatenate([[False], before[starts + length] == before[starts], [False]])
    edges = np.flatnonzero(np.diff(free.astype(np.int8))).reshape(-1, 2).tolist()
    if not edges:
        return usual[0], usual[0] - 1
    first, end = max(edges, key=lambda edge: edge[1] - edge[0])
    return int(starts[first]), int(starts[end - 1])


def fixed(
    community: Community, problem: Problem, holds: Holds, activated: Held | None
) -> tuple[Problem, Held | None]:
    """Return a problem with the power that is fixed as its bounds, and what to plan around.

    ``activated`` is what activations hold of it.
    """
    storages = len(community.storage.ids)
    codes, power_w = holds.over(problem.slots, storages + len(community.runs.ids))
    codes, power_w = codes[:storages], power_w[:storages]
    held = (codes == Hold.PLAIN) | (codes == Hold.PINNED)
    if activated is not None:
        held &= ~activated.storage
    if not held.any():
        return problem, activated
    energy = np.where(held, _energy(community, problem, codes, power_w), 0)
    charge, discharge = np.maximum(energy, 0), np.maximum(-energy, 0)
    storage = msgspec.structs.replace(
        problem.storage,
        charge_max_wh=np.where(held, charge, problem.storage.charge_max_wh),
        discharge_max_wh=np.where(held, discharge, problem.storage.discharge_max_wh),
    )
    if activated is None:
        nothing = np.zeros_like(problem.load_wh)
        together = Held(held, charge, discharge, nothing)
    else:
        together = Held(
            activated.storage | held,
            activated.charge_wh + charge,
            activated.discharge_wh + discharge,
            activated.curtail_wh,
        )
    return msgspec.structs.replace(problem, storage=storage), together


def _energy(community: Community, problem: Problem, codes: Codes, power_w: Ints) -> Ints:
    """Net energy of storage where it is pinned or left to itself [storage, slots], Wh."""
    storage, step = problem.storage, problem.slots.step
    pinned = np.rint(power_w * (step / 3600)).astype(np.int64)
    energy = np.clip(pinned, -storage.discharge_max_wh, storage.charge_max_wh)
    rows = np.flatnonzero((codes == Hold.PLAIN).any(axis=1))
    if rows.size:
        at_once = np.array([community.storage.kind[row] == "car" for row in rows.tolist()])
        alone = plain_storage(_rows(storage, rows), at_once)
        energy[rows] = np.where(codes[rows] == Hold.PLAIN, alone, energy[rows])
    return np.asarray(energy, np.int64)


def _rows(storage: StorageColumns, rows: Ints) -> StorageColumns:
    return StorageColumns(
        **{name: getattr(storage, name)[rows] for name in storage.__struct_fields__}
    )


def switched_off(dispatch: DispatchIssued, holds: Holds | None) -> DispatchIssued:
    """Return set-points under which what is off in the slot rests, and does not start."""
    if holds is None or dispatch.autonomous:
        return dispatch
    slot = Slots(dispatch.slot, dispatch.step, 1)
    storages = len(dispatch.charge_wh)
    codes, _ = holds.over(slot, storages + len(dispatch.run_start))
    on = codes[:, 0] != Hold.OFF
    return msgspec.structs.replace(
        dispatch,
        charge_wh=dispatch.charge_wh * on[:storages],
        discharge_wh=dispatch.discharge_wh * on[:storages],
        run_start=dispatch.run_start & on[storages:],
    )
