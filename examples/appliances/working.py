"""When an appliance should work: the patterns, the hurdle prices and the forecasts behind them.

Run ``python examples/appliances/working.py``; with ``--plot FILE`` it also draws the histograms of
forecast updates and errors by lead. Prices are µ¤/kWh inside and ct/kWh where printed.
"""

from __future__ import annotations

import sys

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.working.columns import Appliances
from gridpact.scheduling.working.hurdles import hurdles, work_by_hurdle
from gridpact.scheduling.working.interruptible import (
    cost_of,
    work_at_once,
    work_below,
    work_cheapest,
)
from gridpact.scheduling.working.signals import Chain, Independent, chain, independent
from gridpact.scheduling.working.uninterruptible import (
    start_acceptable,
    start_at_once,
    start_cheapest,
)
from gridpact.scheduling.working.updates import Histograms, by_lead, errors, histograms, updates

DAYS, HOURS, WORK = 4000, 12, 4
CENT = 10_000
"""µ¤/kWh of a ct/kWh."""
LEVELS = np.arange(-8, 9, 4) * CENT
"""Signals: how far the price level is from the forecast of the day before."""


def one_appliance(zones: int) -> Appliances:
    """Work of 4 kWh within 12 hours, once for each row of prices."""
    each = np.ones(zones, np.int64)
    return Appliances(np.arange(zones), 0 * each, HOURS * each, WORK * each, 1000)


def table_by_hand() -> list[str]:
    """V(H, L) and its hurdle prices where every hour costs 10, 20 or 60 ct/kWh."""
    hours = 4
    price = np.tile(np.array([10, 20, 60]) * CENT, (hours, 1))
    window = np.full(hours, hours)
    work = np.arange(1, hours + 1)
    appliances = Appliances(0 * work, 0 * work, window, work, 1000)
    found = hurdles(appliances, independent(price, np.array([0.5, 0.25, 0.25])))
    heading = " H \\ L " + "".join(f"{left:9}" for left in work)
    lines = ["work now if the price is at most (ct/kWh)", heading]
    for slot in range(hours):
        row = found.price[0, slot, 0, 1:] / CENT
        cells = [f"{x:9.3f}" if np.isfinite(x) else "   always" for x in row if x > -np.inf]
        lines.append(f"   {hours - slot}    " + "".join(cells))
    expected = ", ".join(f"{x / CENT / 1000:.3f}" for x in found.expected_nano)
    return [*lines, f"expected cost V(4, L), ct: {expected}"]


def price_levels() -> Chain:
    """Prices forecast for the day, and a level that moves on from where it is."""
    forecast = np.array([31, 27, 24, 29, 22, 27, 21, 26, 23, 25, 28, 33]) * CENT
    states = len(LEVELS)
    step = np.zeros((states, states))
    for state in range(states):
        for move, chance in ((-1, 0.2), (0, 0.6), (1, 0.2)):
            step[state, min(max(state + move, 0), states - 1)] += chance
    known = np.zeros(states)
    known[states // 2] = 1.0
    return chain(forecast[:, None] + LEVELS, known, step)


def drawn(signals: Chain, carried: bool) -> Ints:
    """Signals of many days [days, hours], with errors that carry over or are new each hour."""
    draw = stream(2, "example", "levels")
    chances = np.repeat(signals.marginal()[0][None], DAYS, axis=0)
    state = np.zeros((DAYS, HOURS), np.int64)
    for hour in range(HOURS):
        chance = chances[:, hour]
        if carried and hour:
            chance = signals.transition[0, hour - 1][state[:, hour - 1]]
        reached = np.cumsum(chance, axis=1)
        state[:, hour] = (draw.random(DAYS)[:, None] > reached).sum(axis=1)
    return np.minimum(state, len(LEVELS) - 1)


def everywhere(signals: Chain) -> tuple[Chain, Independent]:
    """The same signals for every day, and what they are for who forgets the hour before."""
    price, chances = (np.repeat(x, DAYS, axis=0) for x in (signals.price, signals.marginal()))
    first, step = (np.repeat(x, DAYS, axis=0) for x in (signals.first, signals.transition))
    return Chain(price, first, step), independent(price, chances)


def patterns(signals: Chain, carried: bool) -> dict[str, float]:
    """Mean cost of every pattern over the same days, ct."""
    state, everyone = drawn(signals, carried), one_appliance(DAYS)
    came = signals.price[0, np.arange(HOURS), state]
    forecast = np.repeat(signals.expected(), DAYS, axis=0)
    with_memory, without = everywhere(signals)
    known, blind = hurdles(everyone, with_memory), hurdles(everyone, without)
    start = start_cheapest(everyone, forecast).works(everyone, HOURS)
    accepted = start_acceptable(everyone, forecast, 100 * CENT * 1000).works(everyone, HOURS)
    planned = work_cheapest(everyone, forecast).works
    costs = {
        "uninterruptible, normal": start_at_once(everyone, came).cost_nano,
        "uninterruptible, prediction": cost_of(everyone, start, came),
        "uninterruptible, cost accepted (100 ct)": cost_of(everyone, accepted, came),
        "interruptible, normal": work_at_once(everyone, came).cost_nano,
        "interruptible, price accepted (23 ct)": work_below(everyone, came, 23 * CENT).cost_nano,
        "interruptible, prediction": cost_of(everyone, planned, came),
        "hurdle prices, errors taken as new": work_by_hurdle(everyone, blind, came).cost_nano,
        "hurdle prices, errors carried over": work_by_hurdle(
            everyone, known, came, state
        ).cost_nano,
        "expected by the programme": (known if carried else blind).expected_nano,
        "prices known beforehand": work_cheapest(everyone, came).cost_nano,
    }
    return {name: float(cost.mean()) / CENT / 1000 for name, cost in costs.items()}


def compared() -> list[str]:
    """Every pattern where errors are new each hour, and where they carry over."""
    signals = price_levels()
    new, carried = patterns(signals, False), patterns(signals, True)
    lines = [f"{'4 kWh in 4 of 12 hours, ct; errors':40}{'new':>8}{'carried':>9}"]
    return [*lines, *(f"{name:40}{new[name]:8.2f}{carried[name]:9.2f}" for name in new)]


def forecasts() -> Floats:
    """Forecasts ŷ(t|t−k) [periods, leads + 1] that every period improves: a level, seen better."""
    draw = stream(2, "example", "forecasts")
    periods, leads = 3000, 6
    shocks = draw.normal(0, 1.5 * CENT, (periods, leads))  # what is learnt of t at each lead
    known = np.cumsum(shocks, axis=1)  # lead 6 knows the first part only, lead 0 all
    issued = np.full((periods, periods), np.nan)
    for lead in range(leads + 1):
        period = np.arange(lead, periods)
        learnt = known[period, leads - lead - 1] if lead < leads else np.zeros(len(period))
        issued[period - lead, period] = 25 * CENT + learnt
    return by_lead(issued, leads)


def update_lines(table: Floats, bins: Histograms) -> list[str]:
    """Spread of updates and errors by lead, and how many errors are within bins."""
    change, error = updates(table), errors(table)
    lines = ["lead   update ct   error ct   errors in bins of 2 ct, from −8 to 8 ct"]
    for lead in range(1, error.shape[1]):
        new, all_of_it = (np.nanstd(x) / CENT for x in (change[:, lead - 1], error[:, lead]))
        counts = " ".join(f"{count:4}" for count in bins.counts[lead])
        lines.append(f"{lead:4}  {new:9.2f} {all_of_it:10.2f}   {counts}")
    return lines


def plot(path: str, table: Floats, edges: Floats) -> None:
    """Draw histograms of updates and errors by lead."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    rows = figure.subplots(2, 3, sharex=True, sharey=True)
    middle = (edges[1:] + edges[:-1]) / 2 / CENT
    width = (edges[1] - edges[0]) / CENT
    shown = (("update", updates(table)), ("error", errors(table)))
    for axes, (name, values) in zip(rows, shown, strict=True):
        found = histograms(values, edges)
        for place, lead in zip(axes, (1, 3, 5), strict=True):
            place.bar(middle, found.counts[lead], width * 0.9)
            place.set_title(f"{name}, lead {lead}")
    for place in rows[1]:
        place.set_xlabel("ct/kWh")
    figure.savefig(path)


def main(arguments: list[str]) -> None:
    """Print everything; plot where asked."""
    table, edges = forecasts(), np.arange(-8, 9, 2.0) * CENT
    bins = histograms(errors(table), edges)
    parts = (table_by_hand(), compared(), update_lines(table, bins))
    sys.stdout.write("\n\n".join("\n".join(part) for part in parts) + "\n")
    if arguments[:1] == ["--plot"]:
        plot(arguments[1], table, edges)


if __name__ == "__main__":
    main(sys.argv[1:])
