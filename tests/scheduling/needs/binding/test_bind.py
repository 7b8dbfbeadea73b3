"""Needs bound, solved by levels, and looked for in the schedule one by one."""

import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from msgspec.structs import replace

from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.needs.grammar.write import sentence
from gridpact.scheduling.needs.model import (
    Action,
    Budget,
    Comfort,
    Cycles,
    Direction,
    EnergyWithin,
    Headroom,
    HotWater,
    Intervention,
    PowerCap,
    PowerFloor,
    Quiet,
    Run,
    RunRest,
    StateOfCharge,
    Unavailable,
)
from gridpact.scheduling.priorities.solve import solve_by_levels
from gridpact.scheduling.reference.solve import solve as reference

DAYS = [date(2026, 5, 4), date(2026, 3, 29), date(2026, 10, 25)]
TOUCH = 0.05
"""Wh, or a hundredth of a kelvin's heat, that counts as none."""


def whole(fleet, prices, options):
    return reference(fleet, prices, options.penalty)


class Check:
    """Whether needs hold in a schedule, in plain Python; what is behind each is worked out anew."""

    def __init__(self, case, site, walk, needs):
        self.case, self.site, self.walk, self.needs = case, site, walk, needs
        clock = [datetime.fromtimestamp(site.start + s * case.step, ZoneInfo(case.zone))
                 for s in range(case.slots + 1)]  # fmt: skip
        self.clock = [one.replace(tzinfo=None) for one in clock]

    def within(self, window):
        """Slots of which any second is within a window, by the clock on the wall."""
        found = []
        for slot, begins in enumerate(self.clock[:-1]):
            for day in (begins.date(), begins.date() - timedelta(days=1)):
                start = datetime.combine(day, datetime.min.time())
                first = start + timedelta(seconds=window.begin_s)
                last = start + timedelta(seconds=window.begin_s + window.length_s)
                if first <= begins < last:
                    found.append(slot)
        return sorted(set(found))

    def at(self, moment):
        """Place in the row of states at a moment; the first of two."""
        for place, shows in enumerate(self.clock):
            seconds = shows.hour * 3600 + shows.minute * 60
            if place and seconds == moment.time_s:
                return place
        return None

    def draws(self):
        found = []
        for need in self.needs:
            if isinstance(need, HotWater):
                counted = self.heat_counted() * 4.186 / 3.6
                warm = need.temperature_mc / 1000 - self.case.boiler.mains_c
                found.append((self.at(need.at), need.litres * warm * counted))
        return found

    def heat_counted(self):
        tank = self.case.boiler
        rate = tank.standing_loss_w / 45.0 * self.case.hours / (tank.litres * 4.186 / 3.6)
        return (1 - math.exp(-rate)) / rate

    def flow(self, need):
        """Net energy of a need's subject by slot."""
        subject, walk = need.subject, self.walk
        if hasattr(subject, "ids"):
            return sum(walk.taken[name] for name in subject.ids)
        if subject.by == "community":
            return walk.zones["top"]
        if subject.by == "zone":
            return sum(walk.zones[name] for name in subject.names)
        return walk.taken["b1"]  # kind battery

    def holds(self, need):
        return getattr(self, f"_{type(need).__name__}")(need)

    def _StateOfCharge(self, need):  # noqa: N802
        (name,), place = need.subject.ids, self.at(need.at)
        state = self.walk.states(name)[place]
        size = self.case.capacity[name]
        low = need.least_wh if need.least_ppm is None else need.least_ppm * size / 1e6
        high = need.most_wh if need.most_ppm is None else need.most_ppm * size / 1e6
        above = low is None or state >= low - TOUCH
        return above and (high is None or state <= high + TOUCH)

    def _EnergyWithin(self, need):  # noqa: N802
        flow = self.flow(need) * (1 if need.direction is Direction.TAKE else -1)
        total = flow[self.within(need.window)].sum()
        above = need.least_wh is None or total >= need.least_wh - TOUCH
        return above and (need.most_wh is None or total <= need.most_wh + TOUCH)

    def _PowerCap(self, need):  # noqa: N802
        flow = self.flow(need) * (1 if need.direction is Direction.TAKE else -1)
        return (flow[self.within(need.window)] <= need.most_w * self.case.hours + TOUCH).all()

    def _PowerFloor(self, need):  # noqa: N802
        flow = self.flow(need) * (1 if need.direction is Direction.TAKE else -1)
        return (flow[self.within(need.window)] >= need.least_w * self.case.hours - TOUCH).all()

    def _Comfort(self, need):  # noqa: N802
        slots = self.within(need.window)
        ends = {0, *slots, *(slot + 1 for slot in slots)} - {0}
        found = self.walk.temperatures(need.subject.ids[0], self.draws())[sorted(ends)] * 1000
        low = need.low_mc is None or (found >= need.low_mc - 1).all()
        return low and (need.high_mc is None or (found <= need.high_mc + 1).all())

    def _HotWater(self, need):  # noqa: N802
        found, place = self.walk.temperatures("t2", self.draws()), self.at(need.at)
        served = (found >= self.case.boiler.coolest_c - 0.001).all()
        return served and found[place] * 1000 >= need.temperature_mc - 1

    def _Quiet(self, need):  # noqa: N802
        (name,), slots = need.subject.ids, self.within(need.window)
        if name == "w1":
            return not self.walk.runs[:, slots].any()
        return np.abs(self.walk.taken[name][slots]).max() < TOUCH

    _Unavailable = _Quiet

    def _Intervention(self, need):  # noqa: N802
        begin, end = ((at - self.site.start) // self.case.step for at in (need.begin, need.end))
        taken = self.walk.taken[need.subject.ids[0]][max(begin, 0) : end]
        if need.action is Action.STOP:
            return taken.max() < TOUCH
        if need.action is Action.OFF:
            return np.abs(taken).max() < TOUCH
        sign = 1 if need.action is Action.CHARGE else -1
        return np.abs(taken * sign - need.target_w * self.case.hours).max() < TOUCH

    def _Headroom(self, need):  # noqa: N802
        """Call it at the begin of every slot, and at the last second of the window."""
        name = need.subject.ids[0]
        state = self.walk.states(name)
        net = self.walk.taken[name] / self.case.hours
        held = need.sustained_s / 3600
        slots = self.within(need.window)
        low, high = 0.0, self.case.capacity[name]
        most = least = 5_000
        for slot in slots:
            if net[slot] - need.up_w < -least - TOUCH or net[slot] + need.down_w > most + TOUCH:
                return False
        steps = np.arange(0, len(state) - 1, 0.25)
        path = np.interp(steps, np.arange(len(state)), state)
        for slot in slots:
            for begin in (slot, slot + 0.25, slot + 0.75):
                end = begin + held / self.case.hours
                if end <= steps[-1]:
                    at = np.interp(end, steps, path)
                    if at - need.up_w * held / 0.95 < low - TOUCH:
                        return False
                    if at + need.down_w * held * 0.95 > high + TOUCH:
                        return False
        return True

    def _Budget(self, need):  # noqa: N802
        (name,), slots = need.subject.ids, self.within(need.window)
        stores = name in ("b1", "v2")
        taken = self.walk.charge[PLACE[name]] if stores else self.walk.taken[name]
        paid = taken[slots] @ np.maximum(self.site.prices.buy, 0)[slots]
        return paid <= need.most_nano * (1 + 1e-6) + 1

    def _Cycles(self, need):  # noqa: N802
        (name,) = need.subject.ids
        given, size = self.walk.discharge[PLACE[name]], self.case.capacity[name]
        yearly = need.throughput_wh_per_year
        most = need.per_day_ppm * size / 1e6 if yearly is None else yearly / 366
        days = {}
        for shows, energy in zip(self.clock, given.tolist(), strict=False):
            days[shows.date()] = days.get(shows.date(), 0.0) + energy
        return max(days.values()) <= most + TOUCH

    def _RunRest(self, need):  # noqa: N802
        rest = -(-need.least_rest_s // self.case.step)
        for row in self.walk.runs:
            on = np.flatnonzero(row)
            gaps = np.diff(on) - 1
            if ((gaps > 0) & (gaps < rest)).any():
                return False
        return True

    def _Run(self, need):  # noqa: N802
        row = self.walk.runs[self.walk.rows[need.id]]
        on, slots = np.flatnonzero(row), self.within(need.window)
        if not set(on.tolist()) <= set(slots):
            return False
        energy = self.case.washer_w * need.duration_s / 3600
        price = self.site.prices.buy
        if need.most_cost_nano is not None and row @ price > need.most_cost_nano * need.times + 1:
            return False
        if need.worth_micro is not None:
            return row.sum() <= energy * need.times + TOUCH
        length = need.duration_s // self.case.step
        starts = int((np.diff(np.concatenate([[0], row > 0]).astype(int)) > 0).sum())
        together = need.interruptible or starts <= need.times
        return abs(row.sum() - energy * need.times) < TOUCH and together and len(on) % length == 0


def solved(case, seed, count, solver=None, gap=1e-6):
    site = case.site(seed, DAYS[seed % len(DAYS)])
    needs = case.drawn(seed, site, count)
    bound = bind(site, needs)
    choice = {} if solver is None else {"solver": solver}
    answer = solve_by_levels(bound.fleet, site.prices, bound.needs, Options(gap=gap), **choice)
    rows = {one.need: one.row for one in bound.origins if one.table == "runs"}
    walk = case.Walk(site, answer.schedules(), rows)
    refused = {fault.where for fault in bound.refused} | set(bound.later)
    check = Check(case, site, walk, [need for need in needs if need.id not in refused])
    missed = {name for one in answer.shortfalls() for name in bound.behind(one)}
    return bound, check, missed


def broken(check, missed):
    return [sentence(n) for n in check.needs if n.id not in missed and not check.holds(n)]


@pytest.mark.parametrize("seed", range(45))
def test_every_bound_need_holds_or_is_named_behind_what_is_missing(case, seed):
    _, check, missed = solved(case, seed, 8, whole)
    assert broken(check, missed) == []


@pytest.mark.parametrize("seed", range(12))
def test_headroom_alone_can_be_called_until_it_ends(case, seed):
    """Prices are highest, then lowest, right after the window, when all would be let go."""
    site, end = case.site(seed, DAYS[0]), 14 + 2 * seed
    price = np.array(site.prices.buy)
    price[end : end + 2] = (900_000, 1)[seed % 2]
    site = replace(site, prices=Prices(price))
    way = ("up 3 kW", "down 3 kW")[seed % 2]
    text = f"b1 keeps {way} for {45 + 15 * (seed % 3)} min 03:00-{end // 2:02}:00"
    need = case.said(site, "home-1", text)
    bound = bind(site, [need])
    answer = solve_by_levels(bound.fleet, site.prices, bound.needs, Options(gap=1e-6), solver=whole)
    check = Check(case, site, case.Walk(site, answer.schedules(), {}), [need])
    assert bound.refused == ()
    assert check.holds(need)


def test_water_that_is_drawn_twice_is_heated_in_between(case):
    site = case.site(3, DAYS[0])
    texts = [f"t2 100 l at 45 C at {hour}" for hour in ("12:00", "14:00", "15:30")]
    needs = [case.said(site, "home-2", text, name=f"n{k}") for k, text in enumerate(texts)]
    bound = bind(site, needs)
    answer = solve_by_levels(bound.fleet, site.prices, bound.needs, Options(gap=1e-6), solver=whole)
    check = Check(case, site, case.Walk(site, answer.schedules(), {}), needs)
    assert [check.holds(need) for need in needs] == [True] * 3
    assert [one for one in answer.shortfalls() if one.missing_wh > 1] == []


def test_most_needs_are_bound_and_most_of_them_hold(case):
    bound, held, drawn = 0, 0, 0
    for seed in range(100, 112):
        _, check, missed = solved(case, seed, 6, whole)
        drawn += 6
        bound += len(check.needs)
        held += sum(need.id not in missed for need in check.needs)
    assert bound >= 0.75 * drawn
    assert held >= 0.8 * bound


@pytest.mark.parametrize("seed", range(200, 206))
def test_the_engine_schedules_them_too(case, seed):
    _, check, missed = solved(case, seed, 6, gap=1e-4)
    assert broken(check, missed) == []


PLACE = {"b1": 0, "v2": 1}
"""Rows of storage."""
USED = (Action, Budget, Comfort, Cycles, EnergyWithin, Headroom, Intervention, PowerCap, PowerFloor,
        Quiet, Run, RunRest, StateOfCharge, Unavailable)  # fmt: skip


def test_the_checker_looks_at_every_kind_that_is_drawn(case):
    assert all(hasattr(Check, f"_{kind.__name__}") for kind in USED[1:])
