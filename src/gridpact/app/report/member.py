"""One member's day, plan against actual: the day on which storage had most to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.report import drawing
from gridpact.app.report.axis import Axis
from gridpact.app.report.parts import Figure, Section
from gridpact.app.report.predicted import Forecasts, inflexible
from gridpact.app.report.text import day_name, kwh
from gridpact.app.report.view import View
from gridpact.base.units import Floats, Ints

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("battery", "car")
_COLOURS = {"battery": drawing.LOCAL, "car": drawing.LIMIT}


@dataclass(frozen=True)
class Chosen:
    """A member's row and a day, with its storage rows that are drawn."""

    member: int
    day: str
    assets: tuple[int, ...]


def chosen(view: View) -> Chosen:
    """Choose among members with most of solar, battery and car the day with most throughput.

    Ties go to the lower row and the earlier day, so the choice follows from the record alone.
    """
    members, storage = len(view.community.members.ids), view.community.storage
    owns = np.zeros((members, 3), np.int64)
    owns[view.community.pv.member, 0] = 1
    moved = np.nan_to_num(view.told.charge + view.told.discharge)
    by_day = np.stack([moved[:, view.axis.day(day)].sum(axis=1) for day in view.axis.days])
    total = np.zeros((len(view.axis.days), members))
    for column, kind in enumerate(SHOWN, start=1):
        rows = _rows(storage.kind, kind)
        owns[storage.member[rows], column] = 1
        for at, throughput in enumerate(by_day):
            np.add.at(total[at], storage.member[rows], throughput[rows])
    equipped = owns.sum(axis=1)
    score = np.where(equipped == equipped.max(initial=0), total, -1.0)
    at, member = (int(place) for place in np.unravel_index(int(np.argmax(score)), score.shape))
    mine = np.flatnonzero(storage.member == member).tolist()
    return Chosen(
        member, view.axis.days[at], tuple(row for row in mine if storage.kind[row] in SHOWN)
    )


def _rows(kinds: tuple[str, ...], kind: str) -> Ints:
    return np.flatnonzero(np.array([each == kind for each in kinds], np.bool_))


def section(view: View, found: Forecasts) -> Section:
    """The chosen day as a plot with the sums that go with it."""
    pick = chosen(view)
    name = view.community.members.ids[pick.member]
    here = view.axis.day(pick.day)
    planned = view.plan.net[pick.member, here]
    actual = (view.read.withdrawal - view.read.injection)[pick.member, here]
    both = ~np.isnan(planned) & ~np.isnan(actual)
    off = kwh(float(np.abs(planned - actual)[both].mean()), 2) if both.any() else kwh(float("nan"))
    lead = (
        f"{name} on {day_name(pick.day)}: the member with the most varied equipment, on the day "
        f"its storage moved most energy. Plan and meter differ by {off} kWh per slot on average."
    )
    return Section("member", "A member’s day", lead, (_figure(view, pick, found),))


def _figure(view: View, pick: Chosen, found: Forecasts) -> Figure:
    axis = Axis(view.axis.calendar, (pick.day,))
    here = view.axis.day(pick.day)
    heights = (1.7, 1.2, 1.2) if pick.assets else (1.7, 1.2)

    def paint(panels: list[Axes]) -> None:
        _paint_net(view, pick, panels[0], axis, here)
        _paint_forecast(view, pick, found, panels[1], axis)
        if pick.assets:
            _paint_state(view, pick, panels[2], axis, here)
        drawing.timeline(panels, axis)

    caption = (
        "Positive: taken from the grid. A metered value that had to be estimated is dotted. The "
        "band is the day-ahead forecast of load less solar, from its quantiles. Charge is shown "
        "at the end of each slot, in per cent of capacity; a car that is away keeps its line."
    )
    title = f"{view.community.members.ids[pick.member]}, {day_name(pick.day)}"
    return Figure("member-day", title, caption, drawing.draw("member-day", heights, paint))


def _paint_net(view: View, pick: Chosen, panel: Axes, axis: Axis, here: slice) -> None:
    net = (view.read.withdrawal - view.read.injection)[pick.member, here] / 1000
    estimated = view.read.estimated[pick.member, here] == 1
    plan = view.plan.net[pick.member, here] / 1000
    drawing.steps(panel, axis, plan, color=drawing.SUPPLIER, linestyle=drawing.DASHED, label="plan")
    drawing.steps(
        panel, axis, np.where(estimated, np.nan, net), color=drawing.ACTUAL, label="metered"
    )
    if estimated.any():
        guess = np.where(estimated, net, np.nan)
        drawing.dots(panel, axis, guess, "estimated")
    panel.axhline(0, color=drawing.ACTUAL, linewidth=0.6)
    panel.set_ylabel(f"kWh per {axis.per}")
    panel.set_title("Net energy at the meter")
    drawing.legend(panel)


def _paint_forecast(view: View, pick: Chosen, found: Forecasts, panel: Axes, axis: Axis) -> None:
    here = view.axis.day(pick.day)
    plants = view.community.pv.member == pick.member

    def net(load: Floats, solar: Floats) -> Floats:
        own = load[pick.member, here] - solar[plants][:, here].sum(axis=0)
        return np.asarray(own / 1000, dtype=np.float64)

    load, pv = found.load, found.pv
    drawing.band(panel, axis, net(load.low, pv.high), net(load.high, pv.low), "band")
    drawing.steps(
        panel,
        axis,
        net(load.ahead, pv.ahead),
        linestyle=drawing.DASHED,
        color=drawing.SUPPLIER,
        label="forecast",
    )
    actual = np.where(
        view.read.estimated == 1, np.nan, inflexible(view.community, view.read, view.told)
    )
    drawing.steps(panel, axis, net(actual, view.told.pv), color=drawing.ACTUAL, label="actual")
    panel.axhline(0, color=drawing.ACTUAL, linewidth=0.6)
    panel.set_ylabel(f"kWh per {axis.per}")
    panel.set_title("Load less solar, without storage")
    drawing.legend(panel)


def _paint_state(view: View, pick: Chosen, panel: Axes, axis: Axis, here: slice) -> None:
    storage, ends = view.community.storage, axis.hours[1:]
    for row in pick.assets:
        kind, full = storage.kind[row], 100 / max(int(storage.capacity_wh[row]), 1)
        colour, shown = _COLOURS[kind], storage.ids[row]
        panel.plot(ends, view.told.state[row, here] * full, color=colour, label=f"{shown}, actual")
        panel.plot(
            ends,
            view.plan.state[row, here] * full,
            color=colour,
            linestyle=drawing.DASHED,
            linewidth=1.0,
            label=f"{shown}, plan",
        )
    panel.set_ylim(0, 105)
    panel.set_ylabel("% of capacity")
    panel.set_title("Charge")
    drawing.legend(panel)
