"""Assets that regulation may call on, as columns, and what their zones may still take.

Powers are whole W, energies whole Wh and costs whole µ¤/kWh, all int64. Power is signed as
everywhere: positive is withdrawal. *Up* is more power for the grid: less withdrawal, more feed-in;
*down* is the reverse. What an asset gives in either direction is never negative.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.errors import Fault
from gridpact.base.units import Ints
from gridpact.scheduling.fleet.findings import Findings
from gridpact.scheduling.fleet.zone_faults import circular

MOST_W = 10**10
"""Power of one asset; sums over a hundred million such assets still fit 64 bits."""
MOST_WH = 10**12
"""Energy without limit, too: 3600 times as much is still exact in float64."""
MOST_COST = 10**14
MOST_PRIORITY = 4095
NOTHING_DUE = -1
"""Deadline of assets that have nothing to make up, such as a plant that was curtailed."""


class Direction(IntEnum):
    """Which way the grid needs power, and the sign of a request."""

    UP = 1
    DOWN = -1


class Assets(msgspec.Struct, frozen=True, kw_only=True):
    """Assets that can change their power at once, int64 [assets] each.

    - ``power_w``: net power now. ``least_w`` ≤ ``power_w`` ≤ ``most_w``: where it can go.
    - ``up_wh``, ``down_wh``: energy an activation may move until the asset is empty or full, or
      until the slack of its deadline is used up, beyond what its schedule moves.
    - ``up_cost``, ``down_cost``: what a kWh of it costs [µ¤/kWh]; negative costs are savings.
    - ``priority``: assets of a lower number give first, whatever they cost; 0 to 4095.
    - ``zone``: the smallest zone it is in.
    - ``due_s``: by when what an activation moved must be made up [s since the epoch];
      :data:`NOTHING_DUE` where nothing needs to be.
    """

    power_w: Ints
    least_w: Ints
    most_w: Ints
    up_wh: Ints
    down_wh: Ints
    up_cost: Ints
    down_cost: Ints
    priority: Ints
    zone: Ints
    due_s: Ints

    def energy_wh(self, direction: Direction) -> Ints:
        """Energy that can be moved in a direction [assets]."""
        return self.up_wh if direction is Direction.UP else self.down_wh

    def cost(self, direction: Direction) -> Ints:
        """Cost of moving energy in a direction [assets], µ¤/kWh."""
        return self.up_cost if direction is Direction.UP else self.down_cost

    def bound_w(self, direction: Direction) -> Ints:
        """Power at which nothing more can be given in a direction [assets]."""
        return self.least_w if direction is Direction.UP else self.most_w


class Limits(msgspec.Struct, frozen=True):
    """What zones may still take beside their schedule, int64 [zones] each.

    ``parent`` is a row, −1 at the top. ``up_w`` is how much more may flow out of a zone (or less
    into it), ``down_w`` the reverse; a zone counts all that is below it.
    """

    parent: Ints
    up_w: Ints
    down_w: Ints

    def of(self, direction: Direction) -> Ints:
        """What zones may still take in a direction [zones], W."""
        return self.up_w if direction is Direction.UP else self.down_w


class ActivationFindings(Findings):
    """What is wrong with assets that regulation may call on, and their zones."""

    def add(self, where: str, problem: str, fix: str) -> None:
        """Note one fault."""
        self.faults.append(Fault("activation", 0, where, problem, fix))


def refuse_faults(assets: Assets, limits: Limits | None = None) -> None:
    """Raise :class:`~gridpact.base.errors.BadInput` with every fault of assets and limits.

    To be called once for each table, not for each event.
    """
    found, count = ActivationFindings(), len(assets.power_w)
    zones = MOST_WH if limits is None else len(limits.parent)
    spans = {
        "power_w": (-MOST_W, MOST_W),
        "least_w": (-MOST_W, MOST_W),
        "most_w": (-MOST_W, MOST_W),
        "up_wh": (0, MOST_WH),
        "down_wh": (0, MOST_WH),
        "up_cost": (-MOST_COST, MOST_COST),
        "down_cost": (-MOST_COST, MOST_COST),
        "priority": (0, MOST_PRIORITY),
        "zone": (0, zones - 1),
        "due_s": (NOTHING_DUE, 2**52),
    }
    for name, span in spans.items():
        values = getattr(assets, name)
        if np.shape(values) != (count,):
            found.add(name, f"has shape {np.shape(values)}", f"give [{count}]")
        else:
            found.whole(f"{name}[{{}}]", values, count, span)
    found.refuse()
    for name, wrong in (
        ("least_w", assets.least_w > assets.power_w),
        ("most_w", assets.most_w < assets.power_w),
    ):
        fix = "let least_w ≤ power_w ≤ most_w"
        found.rows(wrong, f"{name}[{{}}]", "beyond power_w {now}", fix, now=assets.power_w)
    if limits is not None:
        _limit_findings(found, limits)
    found.refuse()


def _limit_findings(found: ActivationFindings, limits: Limits) -> None:
    zones = len(limits.parent)
    parent = found.whole("parent[{}]", limits.parent, zones, (-1, zones - 1))
    if parent is not None:
        fix = "let every chain of parents end at -1"
        found.rows(circular(parent), "parent[{}]", "lies below itself", fix)
    for name in ("up_w", "down_w"):
        found.whole(f"{name}[{{}}]", getattr(limits, name), zones, (0, 10**18))
