"""Kernels of appliances' runs: when to start, when to pause. See :mod:`.run_programmes`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code

INFINITY = np.inf
ONCE, REPEATED, CHEAPEST, STRETCHES = range(4)
"""Kinds of runs: uninterrupted, several times, the cheapest slots, stretches and pauses."""


class Programmes(NamedTuple):
    """Runs, sorted: ``energy`` [runs, longest] of each step [kWh], the rest [runs].

    ``even`` marks runs with one power throughout, ``kind`` is one of those above. ``value`` is ¤ a
    run (infinite: it must happen); ``most_starts`` is 0 where the number of stretches is free.
    """

    begin: Ints
    end: Ints
    length: Ints
    energy: Floats
    even: Bools
    kind: Ints
    min_on: Ints
    min_off: Ints
    times: Ints
    pause: Ints
    most_starts: Ints
    value: Floats


class Tariff(NamedTuple):
    """Prices [slots], the sums of all before each slot [slots + 1], and slots by price."""

    prices: Floats
    before: Floats
    order: Ints


class Work(NamedTuple):
    """Scratch: least costs and choices by layer (runs or starts left), slot and steps left."""

    off: Floats
    on: Floats
    starts: Bools
    stops: Bools
    cost: Floats


@machine_code
def sums(runs: Programmes, first: Ints, prices: Floats, work: Work) -> tuple[Floats, Floats]:
    """Sum the plans of every group: energy [groups, slots], own cost [groups]."""
    groups, slots = prices.shape
    energy, own = np.zeros((groups, slots)), np.zeros(groups)
    for group in range(groups):
        tariff = _tariff(prices[group])
        span = (first[group], first[group + 1])
        own[group] = _add(runs, span, tariff, energy[group], work)
    return energy, own


@machine_code
def plans(runs: Programmes, rows: Ints, prices: Floats, work: Work) -> Floats:
    """Plans of single runs [rows, 1, slots] to prices [slots]."""
    energy = np.zeros((len(rows), 1, len(prices)))
    tariff = _tariff(prices)
    for place in range(len(rows)):
        _add(runs, (rows[place], rows[place] + 1), tariff, energy[place, 0], work)
    return energy


@machine_code
def _tariff(prices: Floats) -> Tariff:
    before = np.zeros(len(prices) + 1)
    for slot in range(len(prices)):
        before[slot + 1] = before[slot] + prices[slot]
    return Tariff(prices, before, np.argsort(prices, kind="mergesort"))


@machine_code
def _add(
    runs: Programmes, span: tuple[int, int], tariff: Tariff, into: Floats, work: Work
) -> float:
    """Add the best plans of a span of runs to ``into`` [slots]; return their own cost.

    Quick kinds go through the whole span in one call: a call costs more than their answer.
    """
    own = _once(runs, span, tariff, into) + _cheapest(runs, span, tariff, into)
    for run in range(span[0], span[1]):
        if runs.kind[run] == REPEATED:
            _start_costs(runs, run, tariff, work.cost)
            own += _repeatedly(runs, run, into, work)
        elif runs.kind[run] == STRETCHES:
            own += _stretches(runs, run, tariff, into, work)
    return own


@machine_code
def _start_costs(runs: Programmes, run: int, tariff: Tariff, cost: Floats) -> None:
    """Cost of the energy of an uninterrupted run by the slot it begins in, ¤."""
    length = runs.length[run]
    for slot in range(runs.begin[run], runs.end[run] - length + 1):
        cost[slot] = _products(runs.energy, run, length, tariff.prices, slot)


@machine_code
def _products(energy: Floats, run: int, length: int, prices: Floats, slot: int) -> float:
    """Sum of the energy of each step times the price of its slot, beginning in ``slot``."""
    total = 0.0
    for step in range(length):
        total += energy[run, step] * prices[slot + step]
    return total


@machine_code
def _once(runs: Programmes, span: tuple[int, int], tariff: Tariff, into: Floats) -> float:
    """Run at the cheapest start, the earliest of equals, if it is worth it; return own costs."""
    own = 0.0
    for run in range(span[0], span[1]):
        if runs.kind[run] != ONCE:
            continue
        length, value = runs.length[run], runs.value[run]
        starts = (runs.begin[run], runs.end[run] - length + 1)
        if runs.even[run]:
            best, least = _least_difference(tariff.before, starts, length)
            least *= runs.energy[run, 0]
        else:
            best, least = _least_products(runs.energy, run, length, tariff.prices, starts)
        if least < value:
            for step in range(length):
                into[best + step] += runs.energy[run, step]
            own -= value if value < INFINITY else 0.0
    return own


@machine_code
def _least_difference(before: Floats, starts: tuple[int, int], length: int) -> tuple[int, float]:
    """Start with the least sum of prices over ``length`` slots, and that sum."""
    best, least = starts[0], INFINITY
    for slot in range(starts[0], starts[1]):
        total = before[slot + length] - before[slot]
        if total < least:
            best, least = slot, total
    return best, least


@machine_code
def _least_products(
    energy: Floats, run: int, length: int, prices: Floats, starts: tuple[int, int]
) -> tuple[int, float]:
    """Start with the least cost of a programme, and that cost."""
    best, least = starts[0], INFINITY
    for slot in range(starts[0], starts[1]):
        total = _products(energy, run, length, prices, slot)
        if total < least:
            best, least = slot, total
    return best, least


@machine_code
def _place(runs: Programmes, run: int, slot: int, into: Floats) -> float:
    """Add an uninterrupted run; return what it earns as a negative cost."""
    for step in range(runs.length[run]):
        into[slot + step] += runs.energy[run, step]
    return -runs.value[run] if runs.value[run] < INFINITY else 0.0


@machine_code
def _repeatedly(runs: Programmes, run: int, into: Floats, work: Work) -> float:
    """Run up to so many times (exactly, where it must) one after another."""
    begin, end, length = runs.begin[run], runs.end[run], runs.length[run]
    must = runs.value[run] == INFINITY
    worth = 0.0 if must else runs.value[run]
    least, starts, times = work.off, work.starts, runs.times[run]
    for left in range(times + 1):
        least[left, end - length + 1 : end + 1, 0] = INFINITY if must and left else 0.0
        for slot in range(end - length, begin - 1, -1):
            wait, start = least[left, slot + 1, 0], INFINITY
            if left > 0:
                free = min(slot + length + runs.pause[run], end)
                start = work.cost[slot] - worth + least[left - 1, free, 0]
            starts[left, slot, 0] = start < wait
            least[left, slot, 0] = min(start, wait)
    own, slot, left = 0.0, begin, times
    while slot <= end - length:
        if starts[left, slot, 0]:
            own += _place(runs, run, slot, into)
            slot, left = slot + length + runs.pause[run], left - 1
        else:
            slot += 1
    return own


@machine_code
def _cheapest(runs: Programmes, span: tuple[int, int], tariff: Tariff, into: Floats) -> float:
    """Take the cheapest slots of the window, whichever they are; return own costs."""
    own, order = 0.0, tariff.order
    for run in range(span[0], span[1]):
        if runs.kind[run] != CHEAPEST:
            continue
        left, cost, last = runs.length[run], 0.0, 0
        begin, end, energy = runs.begin[run], runs.end[run], runs.energy[run, 0]
        while left > 0:
            if begin <= order[last] < end:
                cost += energy * tariff.prices[order[last]]
                left -= 1
            last += 1
        if cost < runs.value[run]:
            for place in range(last):
                if begin <= order[place] < end:
                    into[order[place]] += energy
            own -= runs.value[run] if runs.value[run] < INFINITY else 0.0
    return own


@machine_code
def _stretches(runs: Programmes, run: int, tariff: Tariff, into: Floats, work: Work) -> float:
    """Run in stretches and pauses of least lengths."""
    top = runs.most_starts[run]
    for layer in range(top + 1):
        _layer(runs, run, layer, tariff, work)
    begin, length, steps = runs.begin[run], runs.length[run], runs.energy[run, 0]
    if steps * work.off[top, begin, length] >= runs.value[run]:
        return 0.0
    slot, left, layer, hold, running = begin, length, top, 0, False
    while left > 0:
        if running and hold == 0 and work.stops[layer, slot, left]:
            running, slot = False, slot + runs.min_off[run]
        elif not running and not work.starts[layer, slot, left]:
            slot += 1
        else:
            if not running:
                running, hold, layer = True, runs.min_on[run], max(layer - 1, 0)
            into[slot] += steps
            slot, left, hold = slot + 1, left - 1, max(hold - 1, 0)
    return -runs.value[run] if runs.value[run] < INFINITY else 0.0


@machine_code
def _layer(runs: Programmes, run: int, layer: int, tariff: Tariff, work: Work) -> None:
    """Least sums of prices with ``layer`` starts left, where the number of starts is bounded."""
    begin, end, least = runs.begin[run], runs.end[run], runs.min_on[run]
    off, on, below = work.off[layer], work.on[layer], work.on[max(layer - 1, 0)]
    may = layer > 0 or runs.most_starts[run] == 0
    for left in range(runs.length[run] + 1):
        off[end, left] = on[end, left] = INFINITY if left else 0.0
    for slot in range(end - 1, begin - 1, -1):
        free = min(slot + runs.min_off[run], end)
        off[slot, 0] = on[slot, 0] = 0.0
        for left in range(1, runs.length[run] + 1):
            stay, stop = tariff.prices[slot] + on[slot + 1, left - 1], off[free, left]
            work.stops[layer, slot, left] = stop < stay
            on[slot, left] = min(stop, stay)
            wait, start, begun = off[slot + 1, left], INFINITY, slot + least
            if may and left >= least and begun <= end:
                start = tariff.before[begun] - tariff.before[slot] + below[begun, left - least]
            work.starts[layer, slot, left] = start < wait
            off[slot, left] = min(start, wait)
