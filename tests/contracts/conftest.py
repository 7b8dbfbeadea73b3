"""Random terms and worlds, and a second evaluator that shares no code with the first."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from functools import cache
from math import prod
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.evaluate import Known
from gridpact.contracts.formulas import decision, latch, nominated, share
from gridpact.contracts.legs import legs
from gridpact.contracts.observables import Choice, Const, Fold, Op, Profile, Series
from gridpact.contracts.terms import All, deliver, either, give, pay, sale, until, when, within
from gridpact.contracts.times import Between, LocalTime

STEP = 8 * 3600  # two whole days of three slots, so that days can be folded
SLOTS = Slots(1781481600, STEP, 6)  # Monday 2026-06-15T00:00Z
PERIODS = ("all", "day@UTC")
PRICE = "micro/kWh"
NAMES = {"Wh": ("load", "gen"), PRICE: ("spot", "fee"), "nano": ("lump",), "ppm": ("part",)}
UNIT_OF = {name: unit for unit, names in NAMES.items() for name in names}
EXERCISE = decision("exercise", "a", 3600)
NOMINATION = nominated("nomination", "b", Const(500, "Wh"), 900)
PARTIES = st.sampled_from(["a", "b", "member"])
KINDS = st.sampled_from(["energy", "network"])
CURRENCIES = st.sampled_from(["EUR", "CHF"])


@cache  # a strategy is built once and drawn from often
def leaves(unit: str):
    if unit == "ppm":
        return st.builds(Const, st.integers(0, 1_000_000), st.just(unit)) | st.just(
            Series("part", unit)
        )
    values = st.integers(-3000, 3000)
    profiles = st.builds(
        lambda shift, values: Profile(SLOTS.start + STEP * shift, STEP, tuple(values), unit),
        st.integers(-3, 5),
        st.lists(values, min_size=1, max_size=8),
    )
    series = st.sampled_from([Series(name, unit) for name in NAMES[unit]])
    return st.builds(Const, values, st.just(unit)) | profiles | series


@cache
def masks(depth: int, folds: bool):
    compared = st.sampled_from(["Wh", PRICE]).flatmap(
        lambda unit: st.builds(
            lambda a, b: a >= b, observables(unit, depth - 1, folds), leaves(unit)
        )
    )
    if depth <= 0:
        return st.just(EXERCISE) | compared | times()
    below = masks(depth - 1, folds)
    found = (
        compared | st.builds(lambda m: 1 - m, below) | st.builds(lambda a, b: a * b, below, below)
    )
    if not folds:
        return found
    return found | st.builds(latch, below, st.sampled_from(PERIODS))


def times():
    """Windows of absolute and of local time, on the edges of slots."""
    edges = st.tuples(st.integers(-1, 7), st.integers(1, 8))
    absolute = edges.map(
        lambda e: Between(SLOTS.start + STEP * e[0], SLOTS.start + STEP * (e[0] + e[1]))
    )
    days = st.lists(st.integers(1, 7), min_size=1, unique=True).map(lambda d: tuple(sorted(d)))
    hours = st.sampled_from([(0, 8), (8, 16), (8, 24), (0, 24)])
    months = st.sampled_from([(6,), (5, 6), (1, 12)])
    local = st.builds(
        lambda m, d, h: LocalTime("UTC", m, d, h[0] * 3600, h[1] * 3600), months, days, hours
    )
    return absolute | local


@cache
def observables(unit: str, depth: int, folds: bool):
    if depth <= 0:
        return leaves(unit)
    same = observables(unit, depth - 1, folds)
    found = leaves(unit) | st.builds(
        lambda kind, a, b: Op(kind, (a, b)),
        st.sampled_from(["+", "-", "max", "min", "filled"]),
        same,
        same,
    )
    found |= st.builds(lambda m, a: m * a, masks(depth - 1, folds), same)
    found |= st.builds(share, same, leaves("ppm"))
    if unit == "Wh":
        found |= st.just(NOMINATION)
    if unit == "nano":
        priced = observables("Wh", depth - 1, folds), observables(PRICE, depth - 1, folds)
        found |= st.builds(lambda a, b: a * b, *priced)
    if folds and unit != PRICE:
        folded = st.sampled_from(["total", "running", "highest", "whole"])
        found |= st.builds(Fold, folded, st.sampled_from(PERIODS), same)
    return found


@cache
def contracts(depth: int = 2, folds: bool = True):
    energy, price = observables("Wh", 2, folds), observables(PRICE, 1, folds)
    found = st.builds(sale, energy, price, PARTIES, PARTIES, KINDS, CURRENCIES)
    found |= st.builds(pay, observables("nano", 2, folds), PARTIES, PARTIES, KINDS, CURRENCIES)
    found |= st.builds(deliver, energy, PARTIES, PARTIES, st.just("flexibility:down"))
    if depth > 0:
        below, mask = contracts(depth - 1, folds), masks(1, folds)
        found |= st.builds(lambda parts: All(tuple(parts)), st.lists(below, max_size=3))
        found |= st.builds(within, mask, below) | st.builds(give, below)
        found |= st.builds(lambda a, b: a + b, below, below)
        if folds:
            found |= st.builds(when, mask, below) | st.builds(until, mask, below)
        else:
            found |= st.builds(lambda a, b: either("exercise", "a", a, b, 3600), below, below)
    return found


def world(seed: int, rows: int = 3, gaps: bool = False):
    """A full world: some series by member, some shared; with ``gaps`` about one in eight absent."""
    random = np.random.Generator(np.random.PCG64(seed))
    high = {"Wh": 3000, PRICE: 4000, "nano": 10**6, "ppm": 10**6}
    found = {}
    for name, unit in UNIT_OF.items():
        shape = (rows, SLOTS.count) if random.random() < 0.6 else (SLOTS.count,)
        found[name] = random.integers(0 if unit == "ppm" else -high[unit] // 4, high[unit], shape)
    found["choice:exercise"] = random.integers(0, 2, SLOTS.count)
    found["choice:nomination"] = random.integers(0, 501, (rows, SLOTS.count))
    if gaps:
        return {
            name: Known(values, random.random(values.shape) > 0.125)
            for name, values in found.items()
        }
    return found


def row_of(bound, row: int):
    """One member's world as plain lists, None where absent."""
    lists = {}
    for name, entry in bound.items():
        known = entry if isinstance(entry, Known) else Known(entry, np.ones_like(entry, bool))
        pair = zip(np.atleast_2d(known.values), np.atleast_2d(known.present), strict=True)
        values, present = list(pair)[row if known.values.ndim > 1 else 0]
        lists[name] = [int(v) if p else None for v, p in zip(values, present, strict=True)]
    return lists


def slow(node, lists):
    """Value of an observable per slot in plain Python: int, or None where absent."""
    count = SLOTS.count
    match node:
        case Const(value):
            return [value] * count
        case Profile(start, step, values):
            at = {start + i * step: value for i, value in enumerate(values)}
            return [at.get(s, 0) for s in SLOTS.starts().tolist()]
        case Series(name):
            return lists[name]
        case Choice(label):
            return lists[f"choice:{label}"]
        case Between(start, end):
            return [int(start <= s < end) for s in SLOTS.starts().tolist()]
        case LocalTime():
            return [int(slow_local(node, s)) for s in SLOTS.starts().tolist()]
        case Fold(how, period, arg):
            values = slow(arg, lists)
            days = [values] if period == "all" else [values[:3], values[3:]]
            return [cell for day in days for cell in slow_fold(how, day)]
    args = slow_factors(node) if node.kind == "*" else node.args
    columns = zip(*[slow(arg, lists) for arg in args], strict=True)
    return [slow_cell(node.kind, args, cells) for cells in columns]


def slow_factors(node):
    if isinstance(node, Op) and node.kind == "*":
        return [factor for arg in node.args for factor in slow_factors(arg)]
    return [node]


def slow_local(node, instant):
    at = datetime.fromtimestamp(instant, ZoneInfo(node.zone))
    second = at.hour * 3600 + at.minute * 60 + at.second
    return (
        at.month in node.months
        and at.isoweekday() in node.weekdays
        and node.begin_s <= second < node.end_s
    )


def slow_fold(how, values):
    if how == "whole":
        return [None if None in values else sum(values)] * len(values)
    found = []
    for slot in range(len(values)):
        seen = values[: slot + 1]
        if how == "latch":
            found.append(1 if 1 in seen else None if None in seen else 0)
        elif how == "total" and slot + 1 < len(values):
            found.append(0)
        else:
            found.append(None if None in seen else {"highest": max}.get(how, sum)(seen))
    return found


PLAIN = {
    "+": lambda *cells: sum(cells),
    "-": lambda a, b: a - b,
    "*": lambda *cells: prod(cells),
    "max": max,
    "min": min,
    ">=": lambda a, b: int(a >= b),
    "muldiv": lambda a, b, c: round(Fraction(a * b, c)),  # rounds half to even
}


def slow_cell(kind, args, cells):
    pairs = zip(args, cells, strict=True)
    if kind == "filled":
        return cells[1] if cells[0] is None else cells[0]
    if kind == "*" and any(arg.is_mask and cell == 0 for arg, cell in pairs):
        return 0
    return None if None in cells else PLAIN[kind](*cells)


def slow_flows(contract, bound, row: int):
    """One member's cash flows as lists of int or None."""
    lists = row_of(bound, row)
    found = {}
    for leg in legs(contract):
        if leg.currency:
            key = (leg.giver, leg.taker, leg.currency, leg.kind)
            amounts = slow(leg.amount, lists)
            before = found.get(key, [0] * SLOTS.count)
            found[key] = [
                None if None in pair else sum(pair) for pair in zip(before, amounts, strict=True)
            ]
    return found


@pytest.fixture(scope="session")
def gen():
    return SimpleNamespace(
        slots=SLOTS,
        unit_of=UNIT_OF,
        observables=observables,
        masks=masks,
        contracts=contracts,
        world=world,
    )


@pytest.fixture(scope="session")
def oracle():
    return SimpleNamespace(flows=slow_flows, values=slow, row_of=row_of)
