"""Random contracts of every form, with names that try to be mistaken for words of the sheet."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from zlib import crc32

import pytest
from hypothesis import strategies as st

from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.formulas import at_end, decision, share
from gridpact.contracts.observables import Choice, Const, Fold, Op, Profile, Series
from gridpact.contracts.terms import (
    All,
    One,
    Scale,
    deliver,
    either,
    give,
    pay,
    sale,
    until,
    when,
    within,
)
from gridpact.contracts.times import Between, LocalTime

PRICE = "micro/kWh"
WORDS = (
    "and",
    "20",
    "the",
    "spot",
    "1.",
    "is",
    "A",
    "x:",
    "end.of",
    "a@b.v1",
    "metered:load",
    "Q:q",
)
SERIES = {
    unit: tuple(f"{word}{'' if index == 0 else index}" for word in WORDS)
    for index, unit in enumerate(["Wh", PRICE, "nano", "ppm", "mK", "1"])
}
PARTIES = st.sampled_from(
    ["bakery", "solar-park", "a", "A", "Where", "from", "Data", "1", "x.y:", "the", "p" * 127]
)
KINDS = st.sampled_from(["energy", "1.", "as", "fee-2"])
ASSETS = st.sampled_from(
    ["energy", "flexibility:down", "certificate:GO:2026", "energy:x.", "certificate:to"]
)
CURRENCIES = st.sampled_from(["EUR", "EUR", "CHF"])
PERIODS = st.sampled_from(
    ["all", "day@UTC", "week@Europe/Berlin", "month@Europe/Berlin", "quarter@UTC", "year@UTC"]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Etc/GMT+1"])
NOTICES = st.sampled_from([0, 1, 90, 900, 3600, 86400, 100_000])
VALUES = st.integers(-3000, 3000) | st.sampled_from([0, 1, 10**9, -(2**63) + 1, 2**63 - 1, 288_150])
EDGES = st.integers(-(10**6), 2 * 10**9) | st.sampled_from([-(2**62), 2**62, -62135596800])


@st.composite
def leaves(draw, unit):
    return draw(_leaves(unit))


@cache
def _leaves(unit):
    found = st.builds(Const, VALUES, st.just(unit))
    found |= st.sampled_from([Series(name, unit) for name in SERIES[unit]])
    return found | profiles(unit, VALUES)


def profiles(unit: str, values):
    lists = st.lists(values, min_size=1, max_size=6).flatmap(
        lambda some: st.integers(1, 4).map(lambda n: tuple(v for v in some for _ in range(n)))
    )
    starts = st.integers(-10, 10**6) | st.sampled_from([-(10**12), 10**14])
    steps = st.sampled_from([1, 60, 900, 3600, 86400, 7])
    return st.builds(
        lambda start, step, some: Profile(start * step, step, some, unit), starts, steps, lists
    )


@st.composite
def times(draw):
    return draw(_times())


@cache
def _times():
    absolute = st.builds(lambda a, n: Between(a, a + n), EDGES, st.integers(1, 10**7))
    days = st.sets(st.integers(1, 7), min_size=1).map(lambda d: tuple(sorted(d)))
    months = st.sets(st.integers(1, 12), min_size=1).map(lambda m: tuple(sorted(m)))
    months |= st.just(tuple(range(1, 13)))
    hours = st.tuples(st.integers(0, 86399), st.integers(1, 86400)).filter(lambda h: h[0] < h[1])
    hours |= st.sampled_from([(0, 86400), (17 * 3600, 20 * 3600)])
    local = st.builds(lambda z, m, d, h: LocalTime(z, m, d, *h), ZONES, months, days, hours)
    return absolute | local | PERIODS.map(at_end)


@st.composite
def choices(draw, unit, depth):
    return draw(_choices(unit, depth))


@cache
def _choices(unit, depth):
    """Choices with computed bounds, named after what they are so that none has two meanings."""

    def build(by, low, high, notice):
        label = f"{crc32(to_bytes(Scale(low, Scale(high, One('energy', by, str(notice)))))):x}"
        return Choice(label, by, low, high, notice, unit)

    bounds = observables(unit, depth - 1)
    return st.builds(build, PARTIES, bounds, bounds, NOTICES)


@st.composite
def masks(draw, depth):
    return draw(_masks(depth))


@cache
def _masks(depth):
    simple = st.builds(lambda by, s: decision(f"{by[:9]}-{s}", by, s), PARTIES, NOTICES) | times()
    simple |= st.sampled_from([Const(0, "1"), Const(1, "1")])
    simple |= profiles("1", st.integers(0, 1))
    if depth <= 0:
        return simple
    below, price = masks(depth - 1), observables(PRICE, depth - 1)
    several = st.lists(below, min_size=2, max_size=3).map(tuple)
    found = simple | st.builds(lambda a, b: Op(">=", (a, b)), price, price)
    found |= below.map(lambda m: 1 - m)
    found |= st.builds(Op, st.sampled_from(["*", "max", "min"]), several)
    found |= st.builds(lambda a, b: Op("filled", (a, b)), below, below)
    return found | st.builds(Fold, st.just("latch"), PERIODS, below)


@st.composite
def observables(draw, unit, depth):
    return draw(_observables(unit, depth))


@cache
def _observables(unit, depth):
    if depth <= 0:
        return leaves(unit)
    same = observables(unit, depth - 1)
    several = st.lists(same, min_size=2, max_size=3).map(tuple)
    found = leaves(unit) | st.builds(Op, st.sampled_from(["+", "max", "min"]), several)
    found |= st.builds(
        lambda kind, a, b: Op(kind, (a, b)), st.sampled_from(["-", "filled"]), same, same
    )
    found |= st.builds(lambda m, a: m * a, masks(depth - 1), same)
    found |= st.builds(lambda a, m: a * m, same, masks(depth - 1))
    found |= st.builds(lambda a, m, b: Op("*", (a, m, b)), same, masks(depth - 1), leaves("1"))
    found |= st.builds(share, same, leaves("ppm"))
    found |= st.builds(lambda a, b, c: Op("muldiv", (a, b, c)), same, leaves("mK"), leaves("mK"))
    found |= st.builds(lambda a, b: Op("muldiv", (a, Const(1, "1"), b)), same, leaves("1"))
    found |= st.builds(
        Fold, st.sampled_from(["total", "running", "highest", "whole"]), PERIODS, same
    )
    found |= choices(unit, depth)
    found |= same.map(lambda a: a + a)
    if unit == "1":
        found |= masks(depth - 1) | st.builds(
            Fold,
            st.sampled_from(["total", "running", "highest", "whole"]),
            PERIODS,
            masks(depth - 1),
        )
    if unit == "nano":
        priced = observables("Wh", depth - 1), observables(PRICE, depth - 1)
        found |= st.builds(lambda a, b: a * b, *priced)
    return found


def bundle(quantity, mask, price, asset, giver, taker):
    """Flows that share a factor in other ways than a sale."""
    one, money = One(asset, giver, taker), One("money:EUR/x", taker, giver)
    return Scale(quantity, All((within(mask, one), Scale(price, money), one)))


@st.composite
def contracts(draw, depth=2, terms=2):
    return draw(_contracts(depth, terms))


@cache
def _contracts(depth, terms):
    energy, price = observables("Wh", terms), observables(PRICE, terms - 1)
    found = st.builds(sale, energy, price, PARTIES, PARTIES, KINDS, CURRENCIES)
    found |= st.builds(pay, observables("nano", terms), PARTIES, PARTIES, KINDS, CURRENCIES)
    found |= st.builds(deliver, energy, PARTIES, PARTIES, ASSETS)
    found |= st.builds(One, ASSETS, PARTIES, PARTIES)
    if depth > 0:
        below, mask = contracts(depth - 1, terms), masks(2)
        found |= st.lists(below, max_size=3).map(lambda parts: All(tuple(parts)))
        found |= st.builds(within, mask, below) | st.builds(give, below)
        found |= st.builds(when, mask, below) | st.builds(until, mask, below)
        found |= st.builds(Scale, observables("1", 1), below)
        found |= st.builds(bundle, energy, mask, price, ASSETS, PARTIES, PARTIES)
        found |= st.builds(lambda a, b: either("go", "bakery", a, b, 3600), below, below)
    return found


@pytest.fixture(scope="session")
def every():
    return SimpleNamespace(contracts=contracts, observables=observables, masks=masks)
