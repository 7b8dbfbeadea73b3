"""A fleet while needs are bound to it: columns that change, rows to add, what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gridpact.base.errors import Fault
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.additions import Row
from gridpact.scheduling.fleet.columns import per_asset, per_slot
from gridpact.scheduling.fleet.sums import by_slot
from gridpact.scheduling.needs.binding.model import Origin, Site
from gridpact.scheduling.needs.clock import shown, stretches
from gridpact.scheduling.needs.directory import Asset, Unclear
from gridpact.scheduling.needs.model import Intervention, Need, kind_of
from gridpact.scheduling.needs.times import Window
from gridpact.scheduling.priorities.levels import Level


class Span(NamedTuple):
    """Slots ``first ≤ slot < end`` of a window; whether it ``began`` before them or ``goes_on``."""

    first: int
    end: int
    began: bool = False
    goes_on: bool = False


class Located(NamedTuple):
    """An asset, and its table and row in the fleet."""

    asset: Asset
    table: str
    row: int


class Ask(NamedTuple):
    """Energy [Wh] that a row has to hold after a slot, or be given by its end."""

    slot: int
    energy_wh: float
    need: Need


class Members(NamedTuple):
    """Zones with all in and below them, and rows of assets by table, that a shared limit is of."""

    zones: tuple[int, ...]
    assets: tuple[tuple[str, Ints], ...]


def assets_together(places: Iterable[tuple[str, int]]) -> Members:
    """Members that are assets (table, row) alone."""
    by_table: dict[str, list[int]] = {}
    for table, row in sorted(places):
        by_table.setdefault(table, []).append(row)
    return Members((), tuple((table, np.array(rows)) for table, rows in by_table.items()))


class Draft:
    """What has been bound so far. Columns are copied when they are first changed."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.columns: dict[tuple[str, str], Floats] = {}
        self.origins: list[Origin] = []
        self.faults: list[Fault] = []
        self.later: dict[str, None] = {}
        self.asked: dict[int, list[Ask]] = {}
        self.due: dict[int, list[Ask]] = {}
        self.shared: list[tuple[Row, Level]] = []

    @property
    def hours(self) -> float:
        """Length of a slot [h]."""
        return self.site.fleet.hours

    def wide(self, table: str, name: str) -> Floats:
        """Return a column by slot [rows, slots] that may be written to."""
        return self._column(table, name, by_slot=True)

    def flat(self, table: str, name: str) -> Floats:
        """Return a column by row [rows] that may be written to."""
        return self._column(table, name, by_slot=False)

    def _column(self, table: str, name: str, by_slot: bool) -> Floats:
        key = (table, name)
        if key not in self.columns:
            rows = getattr(self.site.fleet, table)
            count = len(rows.parent) if table == "zones" else len(rows.zone)
            values = getattr(rows, name)
            spread = (
                per_slot(values, count, self.site.fleet.slots)
                if by_slot
                else per_asset(values, count)
            )
            self.columns[key] = np.array(spread)
        return self.columns[key]

    def limits(self, table: str, name: str) -> Floats:
        """Return limits on sums by slot [rows, slots] that may be written to."""
        if (table, name) not in self.columns:
            rows = getattr(self.site.fleet, table)
            wide = by_slot(getattr(rows, name), len(rows.zone), self.site.fleet.slots)
            self.columns[table, name] = wide
        return self.columns[table, name]

    def number(self, table: str, name: str, row: int) -> float:
        """Read a column that is one number per row."""
        values = np.asarray(getattr(getattr(self.site.fleet, table), name), np.float64)
        return float(values if values.ndim == 0 else values[row])

    def refuse(self, need: Need, problem: str, fix: str) -> None:
        """Refuse a need that cannot be bound exactly."""
        self.faults.append(Fault("need", 0, need.id or kind_of(need), problem, fix))

    def note(
        self,
        need: Need,
        place: tuple[str, int],
        column: str,
        span: Span,
        *,
        firm: bool = True,
        bound: float | None = None,
    ) -> None:
        """Note which need a bound comes from."""
        table, row = place
        one = Origin(need.id, table, row, column, span.first, span.end, need.level, firm, bound)
        self.origins.append(one)

    def share(self, need: Need, row: Row, level: Level) -> None:
        """Add a row to the portfolio, which gives way at this level."""
        before = self.site.fleet.portfolio
        place = (0 if before is None else len(before.first)) + len(self.shared)
        self.shared.append((row, level))
        for column, bound in (("lower_wh", row.lower_wh), ("upper_wh", row.upper_wh)):
            if np.isfinite(bound):
                span = Span(row.first, row.end)
                self.note(need, ("portfolio", place), column, span, firm=False)

    def located(self, need: Need, skip_appliances: bool = False) -> list[Located]:
        """Find the assets of a need in the fleet; those that are not in it are refused.

        Appliances are in it by their runs alone, so needs about runs skip them.
        """
        directory, found = self.site.directory, []
        rows = directory.rows(need.subject, need.owner)
        if isinstance(rows, Unclear):
            self.refuse(need, rows.problem, rows.fix)
            return []
        for row in rows.tolist():
            asset = directory.assets[row]
            if asset.id in self.site.places:
                found.append(Located(asset, *self.site.places[asset.id]))
            elif not (skip_appliances and asset.kind == "run"):
                self.refuse(need, f"{asset.id} is not part of the fleet", "leave it out")
        return found

    def spans(self, need: Need, window: Window, outward: bool = False) -> Iterator[Span]:
        """Yield a window's slots within the horizon.

        One that begins or ends within a slot is refused, or widened to whole slots ``outward``.
        """
        site = self.site
        for one in stretches(window, site.start, site.end, site.timezone):
            span = self.span(need, max(one.begin, site.start), min(one.end, site.end), outward)
            if span is not None:
                began, goes_on = one.begin < site.start, one.end > site.end
                yield span._replace(began=began, goes_on=goes_on)

    def span(self, need: Need, begin: int, end: int, outward: bool = False) -> Span | None:
        """Slots from one instant to another; None where refused."""
        first, early = divmod(begin - self.site.start, self.site.fleet.step_s)
        last, late = divmod(end - self.site.start, self.site.fleet.step_s)
        if outward:
            return Span(first, last + bool(late))
        for instant, rest in ((begin, early), (end, late)):
            if rest:
                self.refuse_time(need, instant)
                return None
        return Span(first, last)

    def refuse_time(self, need: Need, instant: int) -> None:
        """Refuse an instant within a slot."""
        step, zone = self.site.fleet.step_s, self.site.timezone
        before = instant - (instant - self.site.start) % step
        times = [before, before + step]
        if isinstance(need, Intervention) and instant == need.end:
            times = [each for each in times if each > need.begin]
        fix = f"give {' or '.join(shown(each, zone) for each in times)}"
        self.refuse(need, f"{shown(instant, zone)} is within a slot of {step} s", fix)

    def is_need(self, need: Need) -> bool:
        """Refuse levels at which an asset's own bound cannot be kept exactly."""
        if need.level is Level.NEEDS and need.hard:
            return True
        if not need.hard:
            self.refuse(need, "only runs can be weighed against money", "leave worth out")
        else:
            level = need.level.name.lower()
            self.refuse(need, f"this bound cannot give way as one of {level}", "make it a need")
        return False
