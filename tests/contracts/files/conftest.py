"""Random contracts of every constructor, with odd names, odd units and shared parts."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import pytest
from hypothesis import strategies as st

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, amount, party
from gridpact.contracts.formulas import at_end, decision, nominated, share
from gridpact.contracts.observables import FOLDS, Choice, Const, Fold, Op, Profile, Series
from gridpact.contracts.references import active
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

PRICE, ONE = "micro/kWh", "1"
UNITS = ("Wh", PRICE, "nano", "W", "mg", "ppm", "mK", "s", "g/kWh", "micro/kWh/mK", "kWh", "g", ONE)
PERIODS = st.sampled_from(
    (
        "all",
        "day@UTC",
        "week@Asia/Kathmandu",
        "month@Europe/Berlin",
        "quarter@Etc/GMT+1",
        "year@America/Port-au-Prince",
    )
)
SERIES = {
    unit: tuple(f"{name}:{unit.replace('/', '.')}" for name in ("load", "shared:in@key-1.v1", "7"))
    for unit in UNITS
} | {"Wh": ("load", "max", "and", "part", "a/b", "exercise"), ONE: ("agreement:x:active", "true")}
PARTIES = st.sampled_from(["a", "solar-park", "true", "0x10", "12", "bakery+1"])
KINDS = st.sampled_from(["energy", "network", "1.5", "null"])
CURRENCIES = st.sampled_from(["EUR", "CHF"])
ASSETS = {"Wh": ("energy", "flexibility:down", "certificate:GO:2026"), "W": ("capacity",)} | {
    "mg": ("carbon:EUA",),
    "nano": ("money:EUR/energy", "money:CHF/fee"),
}
EXERCISE = decision("exercise", "a", 3600)  # also the name of a series
NOMINATION = nominated("nomination", "solar-park", Series("load", "Wh"), 86_400, Const(-5, "Wh"))
COUNT = Choice("true", "12", Const(0, ONE), Const(7, ONE), 90, ONE)
WHOLE = st.integers(-3, 3) | st.integers(-(2**40), 2**40) | st.sampled_from([10**9, 2**63 - 1])
INSTANTS = st.integers(-(10**10), 10**11) | st.sampled_from([-(2**62), 2**62])


def constants(unit):
    return st.builds(Const, WHOLE, st.just(unit))


@cache
def leaves(unit):
    profiles = st.builds(
        lambda start, step, values: Profile(start * step, step, tuple(values), unit),
        st.integers(-(10**6), 10**6),
        st.sampled_from([1, 7, 900, 3600, 86_400]),
        st.lists(st.integers(-9, 9), min_size=1, max_size=5),
    )
    series = st.sampled_from([Series(name, unit) for name in SERIES[unit]])
    found = constants(unit) | profiles | series | series
    if unit == ONE:
        found |= st.just(COUNT)
    return found | st.just(NOMINATION) if unit == "Wh" else found


def subsets(most):
    return st.sets(st.integers(1, most), min_size=1).map(lambda found: tuple(sorted(found)))


@cache
def times():
    edges = st.tuples(INSTANTS, INSTANTS).filter(lambda pair: pair[0] != pair[1])
    hours = st.tuples(st.integers(0, 86_400), st.integers(0, 86_400)).filter(
        lambda pair: pair[0] != pair[1]
    )
    return edges.map(lambda pair: Between(min(pair), max(pair))) | st.builds(
        lambda zone, months, days, hours: LocalTime(zone, months, days, min(hours), max(hours)),
        st.sampled_from(["Europe/Berlin", "UTC", "America/Port-au-Prince"]),
        subsets(12),
        subsets(7),
        hours | st.just((0, 86_400)),
    )


@cache
def masks(depth):
    found = st.just(EXERCISE) | times() | st.just(Const(1, ONE)) | PERIODS.map(at_end)
    found |= st.just(active("x"))
    if depth <= 0:
        return found
    below = masks(depth - 1)
    compared = st.sampled_from(UNITS).flatmap(
        lambda unit: (
            st.builds(lambda *pair: Op(">=", pair), observables(unit, depth - 1), leaves(unit))
            | st.builds(lambda *pair: Op(">=", pair), leaves(unit), leaves(unit))
        )
    )
    joined = st.builds(
        lambda kind, args: Op(kind, tuple(args)),
        st.sampled_from(["*", "max", "min"]),
        st.lists(below, min_size=2, max_size=3),
    )
    latched = st.builds(lambda period, mask: Fold("latch", period, mask), PERIODS, below)
    return found | compared | joined | below.map(lambda mask: 1 - mask) | latched


@cache
def observables(unit, depth):
    if depth <= 0:
        return leaves(unit)
    same = observables(unit, depth - 1)
    found = leaves(unit) | st.builds(
        lambda kind, args: Op(kind, tuple(args)),
        st.sampled_from(["+", "max", "min"]),
        st.lists(same, min_size=2, max_size=3),
    )
    found |= st.builds(
        lambda kind, *args: Op(kind, args), st.sampled_from(["-", "filled"]), same, same
    )
    found |= same.map(lambda value: value + value)  # a shared part
    found |= same.map(lambda value: -value)
    found |= st.builds(lambda m, a: m * a, masks(depth - 1), same)
    found |= st.builds(lambda a, n, b: Op("*", (a, n, b)), same, constants(ONE), leaves(ONE))
    found |= st.builds(share, same, observables("ppm", depth - 1))
    found |= st.builds(lambda a, b, c: Op("muldiv", (a, b, c)), same, leaves("W"), leaves("W"))
    found |= st.builds(Fold, st.sampled_from(FOLDS).filter(lambda h: h != "latch"), PERIODS, same)
    if unit == "nano":
        found |= st.builds(
            lambda a, b: a * b, observables("Wh", depth - 1), observables(PRICE, depth - 1)
        )
    return found | masks(depth - 1) if unit == ONE else found


@cache
def contracts(depth=3):
    energy, price, money = observables("Wh", 2), observables(PRICE, 2), observables("nano", 2)
    found = st.builds(sale, energy, price, PARTIES, PARTIES, KINDS, CURRENCIES)
    found |= st.builds(pay, money, PARTIES, PARTIES, KINDS, CURRENCIES)
    found |= st.sampled_from(["Wh", "W", "mg", "nano"]).flatmap(
        lambda unit: (
            st.builds(
                deliver, observables(unit, 2), PARTIES, PARTIES, st.sampled_from(ASSETS[unit])
            )
            | st.builds(One, st.sampled_from(ASSETS[unit]), PARTIES, PARTIES)
        )
    )
    # a product of three factors whose units only make sense together
    found |= st.builds(
        lambda q, p, n, one: Scale(q, Scale(n, All((One("energy", "a", "b"), Scale(p, one))))),
        energy,
        price,
        observables(ONE, 1),
        st.builds(One, st.sampled_from(ASSETS["nano"]), PARTIES, PARTIES),
    )
    if depth > 0:
        below, mask = contracts(depth - 1), masks(2)
        found |= st.lists(below, max_size=3).map(lambda parts: All(tuple(parts)))
        found |= st.builds(within, mask, below) | st.builds(give, below)
        found |= st.builds(when, mask, below) | st.builds(until, mask, below)
        found |= st.builds(Scale, observables(ONE, 2), below)
        found |= st.builds(lambda a, b: either("exercise", "a", a, b, 3600), below, below)
        found |= st.builds(lambda a, b: a + b, below, below)
    return found


@pytest.fixture(scope="session")
def random():
    return SimpleNamespace(contracts=contracts, observables=observables, masks=masks, units=UNITS)


def _supply(seller, buyer, quantity, price, currency, notice, rounds, label):
    sold = sale(quantity, price, seller, buyer, label, currency)
    return within(decision("call", buyer, notice), sold) if rounds > 1 else sold


@pytest.fixture(scope="session")
def supply():
    """A catalogue of one product, which has a parameter of every kind."""
    parameters = (
        party("seller", "who delivers", "solar-park"),
        party("buyer", "who pays", "bakery"),
        amount("quantity", "Wh", "energy of each slot", "10 kWh"),
        amount("price", "micro/kWh", "price of the energy", "spot"),
        CURRENCY,
        Parameter("notice", "notice", "notice of a call", "1 h", default="1 h"),
        Parameter("rounds", "whole", "how many rounds", "1", default="1"),
        Parameter("label", "text", "kind of the payment", "supply", default="supply"),
    )
    return {"supply": Product("supply", _supply, "Supply energy.", "Test", parameters)}
