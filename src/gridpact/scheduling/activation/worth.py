"""What it costs a community that an asset moves energy: what must be bought later, or sooner.

Up: energy that is not taken now is bought in the cheapest later slot with room for it. Down:
energy that is taken now need not be bought in the dearest later slot in which it was to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import Bools, Floats, Ints

if TYPE_CHECKING:
    from gridpact.scheduling.activation.planned import Planned


def costs(planned: Planned, slots: int) -> tuple[Ints, Ints]:
    """Costs of giving in the first ``slots`` slots, up and down [assets + members], µ¤/kWh.

    Energy now is worth what its member pays for it, or earns where the member feeds in. What goes
    through a battery twice loses what its efficiencies lose. Plants that are curtailed, or are no
    longer, are worth what feeding in earns.
    """
    now = _now(planned, slots)
    mine = now[planned.storage.member]
    back, later = _back(planned, slots), _later(planned, slots)
    kept = planned.storage.efficiency_in * planned.storage.efficiency_out
    stored = planned.charge_wh[:, :slots].max(axis=1, initial=0) > 0
    again = np.where(stored, back, back / kept)  # charging put off is charged once all the same
    feeding = np.full(len(now), planned.export_price[:slots].mean())
    up = np.concatenate([again - mine, -feeding])
    down = np.concatenate([mine - later, feeding])
    return _whole(up), _whole(down)


def _now(planned: Planned, slots: int) -> Floats:
    """Price of a member's energy while the activation lasts [members]."""
    takes = planned.net_wh[:, :slots] > 0
    price = np.where(takes, planned.import_price[:slots], planned.export_price[:slots])
    return np.asarray(price.mean(axis=1))


def _back(planned: Planned, slots: int) -> Floats:
    """Price of the cheapest later slot with room to charge [assets], the dearest where none."""
    room = planned.charge_max_wh > planned.charge_wh
    dearest = planned.import_price.max(initial=0)
    return _best(room, planned, slots, np.minimum, float(dearest))


def _later(planned: Planned, slots: int) -> Floats:
    """Price of the dearest later slot in which charging is planned [assets], 0 where none is.

    Storage that can give takes the dearest slot of all, less what its efficiencies lose.
    """
    storage = planned.storage
    bought = _best(planned.charge_wh > 0, planned, slots, np.maximum, 0.0)
    kept = storage.efficiency_in * storage.efficiency_out
    sold = _best(planned.discharge_max_wh > planned.discharge_wh, planned, slots, np.maximum, 0.0)
    return np.asarray(np.maximum(bought, sold * kept))


def _best(
    allowed: Bools, planned: Planned, slots: int, choose: np.ufunc, otherwise: float
) -> Floats:
    """Best price [assets] among allowed slots [assets, slots] after the first ``slots``."""
    after = allowed[:, slots:]
    price = np.broadcast_to(planned.import_price[slots:].astype(float), after.shape)
    worst = -np.inf if choose is np.maximum else np.inf
    found = choose.reduce(price, axis=1, where=after, initial=worst)
    return np.asarray(np.where(after.any(axis=1), found, otherwise))


def _whole(values: Floats) -> Ints:
    return np.asarray(np.rint(values), np.int64)
