"""Prices out: what it costs to take less or more than planned, as offers of flexibility.

The plan is solved again with its energy in a window moved by one step, by two, and so on; what that
costs more than the plan in force is what steps must earn. Steps are of one size and their prices
rise, so whichever of them are taken earn at least as much as the cheapest so many, and these cover
the cost: accepting never loses against the plan. The price of the limit (its dual) tells what a
little more would cost.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.additions import Row, with_rows
from gridpact.scheduling.fleet.columns import Fleet, Prices, Storage, per_asset
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.fleet.tree import below
from gridpact.scheduling.scenarios.money import own_energy

HIGHEST_PRICE = 1_000_000_000
"""Dearer steps are not offered [µ¤/kWh]: no market takes a price above 1000 ¤/kWh."""

MICRO = 1000
"""Costs of schedules count to so many nano-¤: below is the rounding of a programme."""


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """What to put on offer: power of some zones, moved for a whole window.

    - ``zones``: whose net energy moves, with all below them.
    - ``first_slot``, ``duration_slots``: the window, offered as a whole at constant power.
    - ``direction``: 1 takes less or gives more, −1 the reverse.
    - ``step_w``, ``steps``: size of a step and how many at most; ``step_w`` times the length of a
      slot must be whole Wh.
    - ``notice_s``: how long before the window they must be told [s].
    """

    zones: Ints
    first_slot: int
    duration_slots: int
    direction: int
    step_w: int
    steps: int = 5
    notice_s: int = 0


class Steps(msgspec.Struct, frozen=True):
    """Offers as int64 columns [offers], one per step, cheapest first.

    All columns but the last two are those of the same name of an offer to a market for
    flexibility. ``marginal_micro_per_kwh`` is what a little more than all steps up to this one
    would cost, ``cost_nano`` what all of them cost together, above the plan in force.
    """

    direction: Ints
    first_slot: Ints
    duration_slots: Ints
    power_w: Ints
    least_w: Ints
    ramp_w: Ints
    notice_s: Ints
    reservation_micro_per_kw: Ints
    activation_micro_per_kwh: Ints
    marginal_micro_per_kwh: Ints
    cost_nano: Ints

    @property
    def count(self) -> int:
        """How many offers there are."""
        return len(self.power_w)


def offers_of(
    fleet: Fleet, prices: Prices, plan: Solution, offered: Range, options: Options | None = None
) -> Steps:
    """Price steps away from a plan in force.

    Steps end where limits would be missed, or what they cost has no price in a market. Where assets
    run whole, or not at all, a step is indivisible; elsewhere any part of it costs no more.

    Raises
    ------
    BadInput
        The window is not within the slots, sizes are not whole, or the plan misses limits.
    """
    _refuse(fleet, plan, offered)
    energy = offered.step_w * fleet.step_s * offered.duration_slots // 3600
    price, paid, found = 0, 0, []
    for cost, marginal in _moved(fleet, prices, plan, offered, options):
        price = max(price, -(-(cost - paid) // energy))
        if price > HIGHEST_PRICE:
            break
        paid += price * energy
        found.append((price, marginal, cost))
    return _columns(offered, found, divisible=_divisible(fleet, prices))


def planned_wh(fleet: Fleet, plan: Solution, zones: Ints) -> Floats:
    """Net energy [slots] of some zones, with all below them, each once."""
    parent = np.asarray(fleet.zones.parent)
    inside = np.zeros(len(parent), np.bool_)
    for zone in zones.tolist():
        inside |= below(parent, zone)
    own = own_energy(parent, plan.net_wh[: len(parent)])
    return np.asarray(own[inside].sum(axis=0))


def _moved(
    fleet: Fleet, prices: Prices, plan: Solution, offered: Range, options: Options | None
) -> Iterator[tuple[int, int]]:
    """Cost above the plan's [nano-¤] and price of a little more [µ¤/kWh], step after step."""
    net = planned_wh(fleet, plan, offered.zones)
    before = 0 if fleet.portfolio is None else len(fleet.portfolio.set_of_row)
    for number in range(1, offered.steps + 1):
        move = offered.direction * number * offered.step_w * fleet.hours
        portfolio = with_rows(fleet.portfolio, list(_rows(offered, net - move)))
        moved = msgspec.structs.replace(fleet, portfolio=portfolio)
        found = solve(moved, prices, options)
        if found.missed:
            return
        side = found.prices.upper if offered.direction > 0 else found.prices.lower
        cost = int(np.rint((found.upper_nano - plan.upper_nano) / MICRO)) * MICRO
        yield cost, int(np.rint(side[before:].mean()))


def _rows(offered: Range, bound: Floats) -> Iterator[Row]:
    """Hold the zones' net energy on the far side of a bound in each slot of the window."""
    zones = tuple(offered.zones.tolist())
    for slot in range(offered.first_slot, offered.first_slot + offered.duration_slots):
        up = offered.direction > 0
        lower, upper = (-np.inf, bound[slot]) if up else (bound[slot], np.inf)
        yield Row(zones, (), slot, slot + 1, lower, upper)


def _columns(offered: Range, found: list[tuple[int, int, int]], *, divisible: bool) -> Steps:
    count = len(found)

    def column(value: int) -> Ints:
        return np.full(count, value, np.int64)

    price, marginal, cost = np.array(found, np.int64).reshape(count, 3).T
    return Steps(
        direction=column(offered.direction),
        first_slot=column(offered.first_slot),
        duration_slots=column(offered.duration_slots),
        power_w=column(offered.step_w),
        least_w=column(0 if divisible else offered.step_w),
        ramp_w=column(0),
        notice_s=column(offered.notice_s),
        reservation_micro_per_kw=column(0),
        activation_micro_per_kwh=price,
        marginal_micro_per_kwh=marginal,
        cost_nano=cost,
    )


def _divisible(fleet: Fleet, prices: Prices) -> bool:
    """Whether what lies between two schedules is one, so that costs are convex."""
    if fleet.runs is not None or fleet.generators is not None:
        return False
    if fleet.storage is None:
        return True
    return bool(np.all(_at_least_free(prices)) and not _stiff(fleet.storage).any())


def _at_least_free(prices: Prices) -> Bools:
    """Where energy costs something, so that storage gains nothing by losing it."""
    sell = prices.buy if prices.sell is None else prices.sell
    return np.append(np.asarray(prices.buy) >= 0, np.asarray(sell) >= 0)


def _stiff(table: Storage) -> Bools:
    """Storage with least powers or steps [assets]."""
    names = ("charge_min_w", "discharge_min_w", "charge_step_w", "discharge_step_w")
    values = [per_asset(getattr(table, name), len(table.zone)) > 0 for name in names]
    return np.asarray(np.any(values, axis=0))


def _refuse(fleet: Fleet, plan: Solution, offered: Range) -> None:
    faults = []

    def fault(where: str, problem: str, fix: str) -> None:
        faults.append(Fault("offers", 0, where, problem, fix))

    end = offered.first_slot + offered.duration_slots
    if offered.first_slot < 0 or offered.duration_slots < 1 or end > fleet.slots:
        fault("first_slot", f"slots {offered.first_slot} to {end}", f"stay within {fleet.slots}")
    if offered.direction not in (1, -1):
        fault("direction", f"is {offered.direction}", "give 1 or -1")
    if offered.steps < 1 or offered.step_w < 1 or offered.step_w * fleet.step_s % 3600:
        fault("step_w", f"{offered.steps} of {offered.step_w} W", "give steps of whole Wh a slot")
    zones, count = offered.zones, len(fleet.zones.parent)
    if len(zones) == 0 or np.any((zones < 0) | (zones >= count)):
        fault("zones", "names no zone, or one that there is not", f"give rows below {count}")
    if plan.missed:
        fault("plan", "misses limits", "offer from a plan that keeps them")
    if faults:
        raise BadInput(faults)
