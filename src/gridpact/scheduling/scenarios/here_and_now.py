"""One plan for the first slots that suits all paths, with proven bounds on its expected cost.

What is done in the first slots must be the same on all paths; afterwards each path may be followed
as it turns out (two-stage programming with recourse, G. B. Dantzig, Management Science 1, 1955).
The engine solves path by path:

- *From below.* Paths may differ in the first slots, too, but energy taken then carries a price by
  path, zone and slot that weighs to zero over the paths. For any such prices the expected cost is
  no more than that of any common plan (Lagrange). Without them it is that of foresight. They are
  moved towards agreement as in progressive hedging (R. T. Rockafellar and R. J.-B. Wets, Math. of
  Operations Research 16, 1991), in steps that become smaller.
- *From above.* Each path's own plan of the first slots, and the mix of all, is carried out, and the
  rest of each path is solved from there.

Exact: both bounds, each to the engine's gap, and the plan, which keeps every asset's limits. Not
exact: that they meet. Prices are by zone, while plans must agree asset by asset; and the best
common plan need not be among those tried. The gap says how far apart they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Schedules, relative_gap
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.scenarios.first_slots import (
    FirstSlots,
    first_cost,
    mixed,
    prices_of,
    remaining,
)
from gridpact.scheduling.scenarios.money import own_energy
from gridpact.scheduling.scenarios.paths import Path, along, refuse_paths

ROUNDS = 8
"""How often prices are moved towards agreement."""
STEP = 0.5
"""Largest first move of a price, as part of the largest price."""


class HereAndNow(msgspec.Struct, frozen=True, kw_only=True):
    """What to do in the first slots, and what it is expected to cost [nano-¤].

    The plan costs ``upper_nano``, and no common plan costs less than ``lower_nano``. If the path
    were known beforehand, the cost would be no less than ``foresight_nano``. ``missed_wh`` is
    expected to be missed of shared limits; unless it is 0, bounds depend on the penalty.
    """

    first: FirstSlots
    lower_nano: float
    upper_nano: float
    foresight_nano: float
    missed_wh: float

    @property
    def gap(self) -> float:
        """Proven relative distance from the best common plan."""
        return relative_gap(self.lower_nano, self.upper_nano)


class _Task(msgspec.Struct, frozen=True):
    """A fleet on several paths of ``weight``, and the first slots that they have in common."""

    fleet: Fleet
    paths: Sequence[Path]
    weight: Floats
    first: int
    options: Options


class _Apart(msgspec.Struct, frozen=True):
    """Paths solved apart: their plans, own energy in the first slots [paths, zones, first] Wh."""

    plans: tuple[Schedules, ...]
    energy: Floats
    lower_nano: float


def plan_over_paths(
    fleet: Fleet,
    paths: Sequence[Path],
    weight: Floats,
    first: int,
    options: Options | None = None,
) -> HereAndNow:
    """Plan the ``first`` slots for all paths, of probability ``weight`` [paths].

    Raises
    ------
    BadInput
        Paths that differ in the first slots, weights that are no probabilities, assets that run or
        generate whole, or what is wrong with the fleet on some path.
    """
    weight = np.asarray(weight, np.float64)
    refuse_paths(fleet, paths, weight, first)
    task = _Task(fleet, paths, weight, first, options or Options())
    added = np.zeros((len(paths), len(fleet.zones.parent), first))
    foresight, best = -np.inf, None
    lower = -np.inf
    for number in range(ROUNDS):
        apart = _apart(task, added)
        foresight = apart.lower_nano if number == 0 else foresight
        lower = max(lower, apart.lower_nano)
        for tried in _candidates(task, apart, number):
            best = tried if best is None or tried.upper_nano < best.upper_nano else best
        if best is not None and relative_gap(lower, best.upper_nano) <= task.options.gap:
            break
        added = _moved(task, added, apart.energy, number)
    if best is None:
        raise RuntimeError("no plan was tried")
    lower = min(lower, best.upper_nano)
    return msgspec.structs.replace(best, lower_nano=lower, foresight_nano=foresight)


def _apart(task: _Task, added: Floats) -> _Apart:
    """Solve every path for itself, with prices added in the first slots."""
    plans, energy, lower = [], [], 0.0
    for path, weight, extra in zip(task.paths, task.weight, added, strict=True):
        fleet = along(task.fleet, path)
        found = solve(fleet, _with(path.prices, extra, task.fleet), task.options)
        plans.append(found.schedules())
        own = own_energy(fleet.zones.parent, found.net_wh)
        energy.append(own[:, : task.first])
        lower += weight * found.lower_nano
    return _Apart(tuple(plans), np.array(energy), float(lower))


def _with(prices: Prices, extra: Floats, fleet: Fleet) -> Prices:
    """Prices with something added in the first slots, by zone."""
    shape = (len(fleet.zones.parent), fleet.slots)

    def raised(given: Floats | Ints) -> Floats:
        values = np.array(np.broadcast_to(np.asarray(given, np.float64), shape))
        values[:, : extra.shape[1]] += extra
        return values

    return Prices(raised(prices.buy), None if prices.sell is None else raised(prices.sell))


def _candidates(task: _Task, apart: _Apart, number: int) -> list[HereAndNow]:
    """Carry out the mix of all plans and, at first, each path's own."""
    tried = [task.weight]
    if number == 0:
        tried += list(np.eye(len(task.paths)))
    return [_carried_out(task, apart.plans, weight) for weight in tried]


def _carried_out(task: _Task, plans: tuple[Schedules, ...], mix: Floats) -> HereAndNow:
    """Expected cost of a mix of plans in the first slots, and the best of each path after it."""
    known = along(task.fleet, task.paths[0])
    done = mixed(known, plans, mix, task.first)
    cost, missed = first_cost(known, task.paths[0].prices, done), 0.0
    for path, weight in zip(task.paths, task.weight, strict=True):
        rest = remaining(along(task.fleet, path), done)
        later = prices_of(path.prices, slice(task.first, None))
        found = solve(rest, later, task.options)
        cost += weight * found.upper_nano
        missed += weight * sum(one.missing_wh for one in found.missed)
    return HereAndNow(
        first=done,
        lower_nano=-np.inf,
        upper_nano=float(cost),
        foresight_nano=-np.inf,
        missed_wh=float(missed),
    )


def _moved(task: _Task, added: Floats, energy: Floats, number: int) -> Floats:
    """Move prices: who takes more than the mean in the first slots pays more."""
    mean = np.tensordot(task.weight, energy, axes=1)
    apart = energy - mean
    most = float(np.abs(apart).max())
    if most == 0.0:
        return added
    price = max(float(np.abs(np.asarray(path.prices.buy)).max()) for path in task.paths)
    moved = added + apart * (STEP * price / most / (number + 1))
    return np.asarray(moved - np.tensordot(task.weight, moved, axes=1))
