"""Charging the real sessions of one site beside ACN-Sim: energy, peak, cost, and time.

The site is a housing cooperative in Trondheim whose cars share one limit. Charging at once and
without the limit is what happens where nobody plans. ACN-Sim's own algorithms put cars in an order
and know no prices; adacharge plans on it, with the objective that our fleet engine has: as much of
the energy asked for as can be had, and that at least cost. All know of a car when it has come, and
of prices when they are published; with foresight, everything is known beforehand.

``gridpact, expecting`` plans also for the cars that came a week earlier; ``gridpact, soon`` charges
as soon as it can and asks for no prices.

Run ``python benchmarks/charging_peer.py [--quick]``. The sessions and prices are public data that
are not part of this repository (``GRIDPACT_DATA``), the peers no dependencies: what is missing is
said. Seconds are CPU seconds of planning, without the simulation around it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from time import process_time
from typing import NamedTuple

import numpy as np

import charging_acn as acn
import charging_plans as plans
from charging_sessions import (
    CLOCK,
    DAY,
    Figures,
    Outlook,
    Sessions,
    day_ahead,
    judged,
    measured,
    missing_data,
    stations,
)
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.options import Method, Options
from gridpact.scheduling.fleet.solve import solve

BEGIN = datetime(2019, 9, 16, tzinfo=CLOCK)
WEEK = timedelta(days=7)
DAYS, QUICK_DAYS = 28, 3
POWER_W = 7_360
"""Power of a charging point, 32 A at 230 V: no session of the data took more, but for rounding."""
NORWAY, GERMANY = ("southern Norway", "Norwegen 2"), ("Germany", "Deutschland/Luxemburg")
"""Bidding zones and their columns; of Trondheim's own there are no prices in the data."""
CASES = ((NORWAY, 40), (NORWAY, 25), (NORWAY, 16), (GERMANY, 25))
QUICK_CASES = ((NORWAY, 25),)
"""Prices and the limit of the site [kW]."""
SOLVER = "HIGHS"
"""What adacharge has cvxpy call: the quickest of those that come with it."""


class Site(NamedTuple):
    """Sessions, those expected in their place, prices, and the limit [W]."""

    sessions: Sessions
    expected: Sessions
    outlook: Outlook
    limit_w: float


Way = Callable[[Site], acn.Simulated]


def ours(plan: Callable[..., plans.Answer], site: Site, **options: object) -> acn.Simulated:
    """One of our ways of charging, timed."""
    before = process_time()
    answer = plan(site.sessions, site.limit_w, site.outlook, **options)
    return acn.Simulated(answer.energy_wh, answer.solves, process_time() - before)


def at_once(site: Site) -> acn.Simulated:
    """Charging without a plan or a limit."""
    return acn.Simulated(plans.at_once(site.sessions).energy_wh, 0, 0.0)


def expecting(site: Site) -> acn.Simulated:
    """Our rolling plans, with the cars of a week earlier expected."""
    return ours(plans.rolling, site, expected=site.expected)


def theirs(site: Site, foreseen: bool = False, rule: str = "") -> acn.Simulated:
    """A way of charging in ACN-Sim: by a rule, or planned by adacharge."""
    algorithm = acn.sorted_by(rule) if rule else acn.planning(SOLVER, foreseen)
    return acn.simulated(site.sessions, site.limit_w, site.outlook, algorithm, foreseen)


def ways(peers: bool) -> Iterator[tuple[str, Way]]:
    """Name every way of charging, and say how to run it."""
    yield "at once, no limit", at_once
    if peers:
        for rule in acn.SORTED:
            yield f"ACN-Sim, {rule}", partial(theirs, rule=rule)
        yield "adacharge", theirs
    yield "gridpact", partial(ours, plans.rolling)
    yield "gridpact, expecting", expecting
    yield "gridpact, soon", partial(ours, plans.rolling, soon=True)
    if peers:
        yield "adacharge, foresight", partial(theirs, foreseen=True)
    yield "gridpact, foresight", partial(ours, plans.foresighted)


def line(name: str, figures: Figures, run: acn.Simulated) -> str:
    """Write down what a way of charging comes to."""
    kwh, each = figures.delivered_wh / 1000, run.cpu_s / max(run.solves, 1)
    broken = "" if not figures.broken_wh else f"  {figures.broken_wh / 1000:,.0f} kWh beyond limits"
    return (
        f"{name:>26} {kwh:>9,.1f} {figures.delivered_wh / figures.asked_wh:>7.2%}"
        f" {figures.short:>5} {figures.peak_w / 1000:>6.1f} {figures.cost:>8.2f}"
        f" {figures.cost / kwh * 1000:>6.2f} {run.solves:>6} {run.cpu_s:>7.2f}"
        f" {each * 1000:>6.1f}{broken}"
    )


def compare(title: str, site: Site, peers: bool) -> None:
    """Run every way of charging on one site and print a line for each."""
    print(f"\n{title}")
    print(
        f"{'':>26} {'kWh':>9} {'of it':>7} {'short':>5} {'peak':>6} {'€':>8} {'€/MWh':>6}"
        f" {'solves':>6} {'CPU s':>7} {'ms':>6}"
    )
    for name, way in ways(peers):
        run, price = way(site), site.outlook.price
        print(line(name, judged(site.sessions, site.limit_w, price, run.energy_wh), run))


def site_of(days: int, column: str, limit_kw: float) -> Site:
    """The site on so many days, at prices of one zone, under one limit."""
    sessions = measured(BEGIN, POWER_W).from_day(0, days)
    expected = measured(BEGIN - WEEK, POWER_W).from_day(0, days)
    outlook = day_ahead(column, BEGIN, sessions.slots + 2 * DAY)
    return Site(sessions, expected, outlook, 1000 * limit_kw)


def by_method(site: Site) -> None:
    """Print what rounds of the engine, and one programme, take for a site that is foreseen."""
    title = f"foreseen, {site.limit_w / 1000:.0f} kW"
    print(f"\n{title:>26} {'gap':>8} {'rounds':>6} {'CPU s':>7}")
    rows, owed = np.arange(len(site.sessions.arrive)), site.sessions.energy_wh.astype(np.float64)
    fleet = plans.fleet_at(site.sessions, rows, owed, 0, site.limit_w)
    prices = Prices(site.outlook.foreseen(fleet.slots))
    methods: tuple[Method, ...] = ("engine", "reference")
    for method in methods:
        before = process_time()
        found = solve(fleet, prices, Options(gap=1e-4, method=method))
        spent = process_time() - before
        print(f"{method:>26} {found.gap:>8.1e} {len(found.rounds):>6} {spent:>7.2f}")


def told(site: Site, days: int) -> str:
    """Say what the site is asked for."""
    sessions = site.sessions
    return (
        f"{len(sessions.arrive)} sessions that began on {days} days from {BEGIN:%Y-%m-%d} on, with"
        f" up to {stations(sessions).max() + 1} cars at once; they ask for"
        f" {sessions.energy_wh.sum() / 1e6:.2f} MWh, and the last leaves after"
        f" {sessions.slots / DAY:.1f} days"
    )


def main(arguments: list[str]) -> None:
    """Compare over four weeks and several limits; with ``--quick`` over three days and one."""
    if lacking := missing_data():
        print(lacking)
        return
    if lacking := acn.missing_peers():
        print(lacking)
    acn.quiet()
    quick = "--quick" in arguments
    days, cases = (QUICK_DAYS, QUICK_CASES) if quick else (DAYS, CASES)
    (_, column), limit_kw = cases[0]
    for _, way in ways(not lacking):
        way(site_of(1, column, limit_kw))  # compiles and imports what is needed
    print(told(site_of(days, column, limit_kw), days))
    for (zone, column), limit_kw in cases:
        title = f"limit {limit_kw} kW, day-ahead prices of {zone}"
        compare(title, site_of(days, column, limit_kw), not lacking)
    (_, column), limit_kw = min(cases, key=lambda case: case[1])
    by_method(site_of(min(days, 7), column, limit_kw))


if __name__ == "__main__":
    main(sys.argv[1:])
