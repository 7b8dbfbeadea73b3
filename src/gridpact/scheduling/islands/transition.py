"""Seamless transition: ready at every instant of a window for the grid to go.

When the grid goes, exchange stops at once; what forms the grid, storage, has to take it over. The
net energy of everything else behind the connection is what storage then carries, whatever it did
before: it must lie within what storage can give and take. That is one row per slot, and energy kept
in store for as long as storage must carry it, until units start or load is shed.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.additions import Row, with_rows
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Storage, per_asset, per_slot
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.sums import limited_rows
from gridpact.scheduling.islands.isolation import within


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What to be ready for, in slots ``first ≤ slot < end``.

    ``forming`` are rows of storage that can form a grid. Each is ready to carry its share of
    ``carried_w`` (most of what all else draws) and ``taken_w`` (most of what all else gives) for
    ``sustained_s``. Shares are in proportion to its power.
    """

    zone: int
    first: int
    end: int
    forming: Ints
    carried_w: float
    taken_w: float = 0.0
    sustained_s: int = 900


def ready(fleet: Fleet, asked: Ready) -> Fleet:
    """Let a fleet be ready at every instant of a window to lose its connection.

    In all its slots, and for as long after it as a loss at its end must be carried, no more is
    drawn, or given, by all else than forming storage could carry, and energy is kept for it.

    Raises ValueError where storage has not that power, or the window is none.
    """
    storage = _refuse(fleet, asked)
    rows, hours = [], fleet.hours
    inside = within(fleet, asked.zone)
    others = _others(fleet, asked, inside)
    load = per_slot(fleet.zones.load_wh, len(inside), fleet.slots)[inside].sum(axis=0)
    for slot in range(asked.first, _until(fleet, asked)):
        bounds = -asked.taken_w * hours - load[slot], asked.carried_w * hours - load[slot]
        rows.append(Row((), others, slot, slot + 1, *bounds))
    held = _hold_energy(storage, asked, fleet)
    return msgspec.structs.replace(fleet, portfolio=with_rows(fleet.portfolio, rows), storage=held)


def residual_wh(fleet: Fleet, asked: Ready, solution: Solution) -> Floats:
    """What all but forming storage draws behind the connection in a schedule [slots] Wh."""
    plan = solution.schedules()
    forming = np.isin(plan.rows[1], asked.forming)
    net = plan.charge_wh[forming].sum(axis=0) - plan.discharge_wh[forming].sum(axis=0)
    return np.asarray(solution.net_wh[asked.zone] - net)


def _others(fleet: Fleet, asked: Ready, inside: Bools) -> tuple[tuple[str, Ints], ...]:
    """All assets behind the connection but forming storage, by table."""
    found = []
    for name in TABLES:
        table = getattr(fleet, name)
        if table is not None:
            rows = np.flatnonzero(inside[table.zone])
            rows = np.setdiff1d(rows, asked.forming) if name == "storage" else rows
            found.append((name, rows))
    return tuple(found)


def _hold_energy(table: Storage, asked: Ready, fleet: Fleet) -> Storage:
    """Narrow what forming storage holds by what it may have to give and take."""
    count, slots, rows = len(table.zone), fleet.slots, asked.forming
    low, high = (np.array(per_slot(x, count, slots)) for x in (table.lo_wh, table.hi_wh))
    hours = asked.sustained_s / 3600
    given, taken = _shares(fleet, table, asked)
    outward = per_asset(table.efficiency_out, count)[rows, None]
    inward = per_slot(table.efficiency_in, count, slots)[rows]
    part = slice(max(asked.first - 1, 0), _until(fleet, asked))
    need = np.broadcast_to(given[:, None] * hours / outward, inward.shape)
    room = taken[:, None] * hours * inward
    low[rows, part] += need[:, part]
    high[rows, part] -= room[:, part]
    initial = per_asset(table.initial_wh, count)[rows]
    short = (initial < need[:, 0]) | (initial > high[rows, 0])
    if asked.first == 0 and short.any():
        row = int(rows[np.argmax(short)])
        raise ValueError(f"storage[{row}] holds {initial[np.argmax(short)]:g} Wh, not enough")
    if (low > high).any():
        raise ValueError("forming storage is too small to carry that power for so long")
    return msgspec.structs.replace(table, lo_wh=low, hi_wh=high)


def _shares(fleet: Fleet, table: Storage, asked: Ready) -> tuple[Floats, Floats]:
    """What each row of forming storage carries and takes [rows] W, by its least power."""
    count, part = len(table.zone), slice(asked.first, _until(fleet, asked))
    found = []
    for name, total in (("discharge_w", asked.carried_w), ("charge_w", asked.taken_w)):
        power = per_slot(getattr(table, name), count, fleet.slots)[asked.forming, part].min(axis=1)
        if total > power.sum():
            raise ValueError(f"forming storage has {name} of {power.sum():g} W, not {total:g} W")
        found.append(total * power / max(power.sum(), 1e-9))
    return found[0], found[1]


def _until(fleet: Fleet, asked: Ready) -> int:
    """First slot in which nothing of a loss in the window is carried any more."""
    lasts = -(-asked.sustained_s // fleet.step_s)
    return min(asked.end + lasts, fleet.slots)


def _refuse(fleet: Fleet, asked: Ready) -> Storage:
    if not 0 <= asked.first < asked.end <= fleet.slots:
        raise ValueError(f"slots {asked.first} to {asked.end} are no window of {fleet.slots}")
    if fleet.storage is None or len(asked.forming) == 0:
        raise ValueError("nothing is named that can form a grid")
    if not within(fleet, asked.zone)[np.asarray(fleet.storage.zone)[asked.forming]].all():
        raise ValueError("forming storage is not behind the connection")
    if asked.carried_w < 0 or asked.taken_w < 0 or asked.sustained_s < 0:
        raise ValueError("powers and times are 0 or more")
    _refuse_stiff(fleet.storage, asked.forming)
    return fleet.storage


def _refuse_stiff(table: Storage, forming: Ints) -> None:
    """Raise ValueError where storage cannot follow whatever comes."""
    stiff = ("charge_min_w", "discharge_min_w", "charge_step_w", "discharge_step_w")
    count = len(table.zone)
    for name in stiff:
        if per_asset(getattr(table, name), count)[forming].any():
            raise ValueError(f"forming storage has {name}: it cannot follow")
    if np.isfinite(per_asset(table.ramp_w, count)[forming]).any():
        raise ValueError("forming storage changes its power by ramps: it cannot follow")
    if np.isin(forming, limited_rows(table.throughput_wh, count)).any():
        raise ValueError("forming storage may discharge only so much in all: it cannot follow")
