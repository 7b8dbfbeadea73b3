"""Storage never charges and discharges at once, also where a mix of plans does.

A mixed plan that does both in a slot wastes energy. Where drawing less does no harm, the slot keeps
its change of state and draws less. In tight slots (a price below zero, or a limit on feeding in)
net power is kept instead; the state is then fuller than in the mix, never above its bound, until a
slot that is not tight draws less.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Storage, per_asset, per_slot
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.sums import limited_rows

SPARE = 1e-9
"""Energy [Wh] by which a state may be fuller than in the mix without being brought back."""


class Devices(NamedTuple):
    """What separation needs of storage: [rows, slots], from ``initial`` on [rows]; Wh.

    ``most`` may be discharged to come back to the state of the mix, nothing where throughput is
    limited: what the mix discharges in one sum must not be made up for in the next.
    """

    inward: Floats
    draw: Floats
    hi: Floats
    most: Floats
    initial: Floats
    outward: Floats
    kept: Floats


@machine_code
def wanted_change(tight: bool, into: float, out: float, inward: float, outward: float) -> float:
    """Change of state that keeps net power if ``tight``, else that of the mix."""
    net = into - out
    if tight:
        return net * inward if net > 0.0 else net / outward
    return into * inward - out / outward


@machine_code
def separate_rows(devices: Devices, tight: Bools, charge: Floats, discharge: Floats) -> None:
    """Separate every row's charge and discharge [rows, slots] in place."""
    for row in range(charge.shape[0]):
        kept, outward = devices.kept[row], devices.outward[row]
        state, mixed = devices.initial[row], devices.initial[row]
        for slot in range(charge.shape[1]):
            inward, draw = devices.inward[row, slot], devices.draw[row, slot]
            into, out = charge[row, slot], discharge[row, slot]
            change = into * inward - out / outward
            mixed = kept * mixed - draw + change
            idle = kept * state - draw
            spare = idle + change - mixed
            if (into > 0.0 and out > 0.0) or spare > SPARE:
                wanted = wanted_change(tight[row, slot], into, out, inward, outward)
                if not tight[row, slot]:
                    wanted = max(wanted - spare, min(-devices.most[row, slot] / outward, wanted))
                change = min(wanted, max(devices.hi[row, slot] - idle, mixed - idle))
                charge[row, slot] = change / inward if change > 0.0 else 0.0
                discharge[row, slot] = -change * outward if change < 0.0 else 0.0
            state = idle + change


def separate(
    table: Storage, rows: Ints, hours: float, tight: Bools, plans: tuple[Floats, Floats]
) -> None:
    """Separate charge and discharge [rows, slots] Wh in place; ``tight`` is [rows, slots]."""
    charge, discharge = plans
    both = np.flatnonzero(np.any((charge > 0) & (discharge > 0), axis=1))
    if both.size:
        parted = charge[both], discharge[both]
        devices = devices_of(table, rows[both], charge.shape[1], hours)
        separate_rows(devices, tight[both], *parted)
        charge[both], discharge[both] = parted


def devices_of(table: Storage, rows: Ints, slots: int, hours: float = 1.0) -> Devices:
    """What separation needs of these rows; ``hours`` matter for the most they discharge alone."""
    count = len(table.zone)

    def by_slot(name: str) -> Floats:
        return np.ascontiguousarray(per_slot(getattr(table, name), count, slots)[rows])

    def column(name: str) -> Floats:
        return np.asarray(per_asset(getattr(table, name), count)[rows])

    unlimited = ~np.isin(rows, limited_rows(table.throughput_wh, count))[:, None]
    return Devices(
        by_slot("efficiency_in"),
        by_slot("draw_wh"),
        by_slot("hi_wh"),
        by_slot("discharge_w") * hours * unlimited,
        column("initial_wh"),
        column("efficiency_out"),
        column("kept"),
    )


def states(table: Storage, rows: Ints, charge: Floats, discharge: Floats) -> Floats:
    """State after each slot [rows, slots] Wh."""
    devices = devices_of(table, rows, charge.shape[1])
    change = charge * devices.inward - discharge / devices.outward[:, None] - devices.draw
    state, after = devices.initial, np.empty(charge.shape)
    for slot in range(charge.shape[1]):
        state = devices.kept * state + change[:, slot]
        after[:, slot] = state
    return after
