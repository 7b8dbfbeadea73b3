"""Two schedules laid side by side: the same assets over the time that both are about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.app.schedules.model import Solved
from gridpact.app.schedules.posing import SessionProblem
from gridpact.app.schedules.view import AssetView, View, of_plan, of_solved
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Floats

ALIKE_WH = 0.5
"""Energy of a slot below which it counts as equal: plans are in whole Wh."""


class Meters(NamedTuple):
    """What is settled at each home: net energy [homes, slots] Wh, prices [homes, slots] µ¤/kWh.

    Energy that was bought or sold before is taken off.
    """

    names: tuple[str, ...]
    net_wh: Floats
    buy: Floats
    sell: Floats


class Plant(NamedTuple):
    """A plant that may give less than it could: its home, what it could give, and what is cut.

    Energies are [slots] Wh.
    """

    zone: str
    forecast_wh: Floats
    cut_wh: Floats


class Side(msgspec.Struct, frozen=True):
    """One schedule: its assets and plants by name, and the meters behind which they are."""

    view: View
    slots: Slots
    meters: Meters
    plants: dict[str, Plant]


class Compared(NamedTuple):
    """One asset of both schedules: net energy in each [slots] Wh, positive = withdrawal."""

    name: str
    kind: str
    zone: str
    before_wh: Floats
    after_wh: Floats


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """Assets that both schedules move, over the slots that both have.

    ``meters`` are those of the later schedule. Assets that one of the two leaves out are named.
    """

    before: View
    after: View
    slots: Slots
    assets: tuple[Compared, ...]
    meters: Meters
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def of_folder(solved: Solved) -> Side:
    """A solved fleet; its meters are its zones."""
    shape = solved.solution.net_wh.shape
    sell = solved.prices.buy if solved.prices.sell is None else solved.prices.sell
    buy, back = (
        np.broadcast_to(np.asarray(one, np.float64), shape) for one in (solved.prices.buy, sell)
    )
    meters = Meters(solved.names.zones, np.asarray(solved.solution.net_wh), buy, back)
    return Side(of_solved(solved), solved.slots, meters, dict(_free_plants(solved)))


def _free_plants(solved: Solved) -> Iterator[tuple[str, Plant]]:
    table = solved.fleet.curtailable
    if table is None:
        return
    output, zones = solved.solution.schedules().output_wh, np.asarray(table.zone).tolist()
    for row, name in enumerate(solved.names.curtailable):
        forecast = np.asarray(table.forecast_wh[row], np.float64)
        yield name, Plant(solved.names.zones[zones[row]], forecast, forecast - output[row])


def of_session(found: SessionProblem) -> Side:
    """The plan that a run recorded; its meters are those of the members."""
    problem, plan = found.problem, found.recorded
    meters = Meters(
        found.community.members.ids,
        (plan.net_wh - problem.position_wh).astype(np.float64),
        problem.import_price.astype(np.float64),
        problem.export_price.astype(np.float64),
    )
    plants = {
        f"{name}-solar": Plant(name, *(one[row].astype(np.float64) for one in columns))
        for row, name in enumerate(found.community.members.ids)
        if problem.pv_wh[row].any()
        for columns in ((problem.pv_wh, plan.curtail_wh),)
    }
    return Side(of_plan(found), problem.slots, meters, plants)


def side_by_side(before: Side, after: Side) -> Sides:
    """Lay two schedules side by side.

    Of plants, what is cut is compared: they are looked at with the later forecast, and those of
    which as much is cut in both are left out. Raises BadInput where the schedules have slots of
    different length, share no time or no asset.
    """
    here, there = _shared(before.slots, after.slots)
    old, new = _moved(before), _moved(after)
    if _elsewhere(before, after, old.keys() == new.keys()):
        problem = f"one is of {before.view.title}, the other of {after.view.title}"
        raise _apart(problem, "name two schedules of one community")
    assets = [
        Compared(name, one.kind, one.zone, _net(old[name])[here], _net(one)[there])
        for name, one in new.items()
        if name in old
    ]
    assets += _cut_otherwise(before, after, (here, there))
    if not assets and (old or new):
        raise _apart("they are about different assets", "name two schedules of one community")
    start = after.slots.start + there.start * after.slots.step
    return Sides(
        before=before.view,
        after=after.view,
        slots=Slots(start, after.slots.step, there.stop - there.start),
        assets=tuple(assets),
        meters=Meters(after.meters.names, *(one[:, there] for one in after.meters[1:])),
        only_before=tuple(name for name in old if name not in new),
        only_after=tuple(name for name in new if name not in old),
    )


def _elsewhere(before: Side, after: Side, alike: bool) -> bool:
    """Whether these are two communities; those with the same assets and slots may be compared."""
    agree = alike and before.slots == after.slots
    return before.view.title != after.view.title and not agree


def _moved(side: Side) -> dict[str, AssetView]:
    """Assets that take and give as the schedule wants, which plants do not."""
    return {one.name: one for one in side.view.assets if one.kind != "curtailable"}


def _cut_otherwise(before: Side, after: Side, slots: tuple[slice, slice]) -> Iterator[Compared]:
    """Plants of which not as much is cut in both; one that a schedule leaves alone gives all."""
    for name in dict.fromkeys((*after.plants, *before.plants)):
        old, new = before.plants.get(name), after.plants.get(name)
        known = [one.forecast_wh[at] for one, at in zip((old, new), slots, strict=True) if one]
        cut = [
            one.cut_wh[at] if one else np.zeros(at.stop - at.start)
            for one, at in zip((old, new), slots, strict=True)
        ]
        if np.abs(cut[1] - cut[0]).max(initial=0) > ALIKE_WH:
            zone = new.zone if new else old.zone if old else ""
            yield Compared(name, "curtailable", zone, cut[0] - known[-1], cut[1] - known[-1])


def _shared(one: Slots, other: Slots) -> tuple[slice, slice]:
    if one.step != other.step:
        problem = f"slots of one are {one.step // 60} min long, of the other {other.step // 60} min"
        raise _apart(problem, "name two schedules of one community")
    here, there = overlap(one, other)
    if here.stop <= here.start:
        raise _apart("they share no time", "name two schedules of the same day")
    return here, there


def _apart(problem: str, fix: str) -> BadInput:
    return BadInput([Fault("arguments", 0, "", f"these cannot be compared: {problem}", fix)])


def _net(asset: AssetView) -> Floats:
    return np.array(asset.takes, np.float64) - np.array(asset.gives, np.float64)
