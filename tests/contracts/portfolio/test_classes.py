"""Values kept by class of slots: calendars, period ends and literals, against contracts alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import GridpactError, NumberOverflow
from gridpact.base.slots import Slots
from gridpact.base.units import INT64_MAX
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.evaluate import Known
from gridpact.contracts.formulas import (
    at_end,
    decision,
    filled,
    highest,
    maximum,
    minimum,
    muldiv,
    nominated,
    running,
    share,
    total,
    whole,
)
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.portfolio import Portfolio, PortfolioFaults
from gridpact.contracts.terms import pay, sale, until, when, within
from gridpact.contracts.times import Between, LocalTime

STEP = 3600
SLOTS = Slots(1781474400, STEP, 72)  # three days from Monday 2026-06-15T00:00 in Berlin
DAY = "day@Europe/Berlin"
SPOT = Series("spot", "micro/kWh")
quick = settings(deadline=None, max_examples=250)


def hours(first, last):
    return LocalTime("Europe/Berlin", tuple(range(1, 13)), tuple(range(1, 8)), *(first, last))


MASKS = (
    hours(8 * STEP, 20 * STEP),
    hours(0, 6 * STEP),
    Between(SLOTS.start + 5 * STEP, SLOTS.start + 30 * STEP),
    at_end(DAY),
    at_end(),
    decision("on", "a", 0),
    SPOT >= 100,
)


@st.composite
def shapes(draw):
    """A function that returns a contract of one shape from numbers and a series' name."""
    steps = draw(st.integers(0, 4))
    form = draw(st.sampled_from(["sale", "pay", "within", "when", "until"]))
    path = draw(st.lists(st.integers(0, 10**6), min_size=12, max_size=12))
    return SimpleNamespace(steps=steps, form=form, path=path)


def built(shape, load, numbers):
    """Grow an energy by a fixed path of operations: another number gives the same shape."""
    one, two, three = (Const(number, "Wh") for number in numbers)
    own = Profile(SLOTS.start + numbers[0] % 5 * STEP, STEP, tuple(numbers) * 3, "Wh")
    few = Profile(SLOTS.start, STEP, (5, 5, 7) * 24, "Wh")
    held = [one, two, three, own, few, load]
    for step in range(3 + shape.steps):
        pick = shape.path[step]
        a, b = held[pick % len(held)], held[pick // 7 % len(held)]
        mask = MASKS[pick // 49 % len(MASKS)]
        period = ("all", DAY)[pick % 2]
        made = (
            lambda a=a, b=b: a + b,
            lambda a=a, b=b: a - b,
            lambda a=a, b=b: maximum(a, b),
            lambda a=a, b=b: minimum(a, b),
            lambda a=a, mask=mask: mask * a,
            lambda a=a, b=b, mask=mask: mask * a + (1 - mask) * b,
            lambda a=a, period=period: total(a, period),
            lambda a=a, period=period: at_end(period) * whole(a, period),
            lambda a=a, period=period: running(a, period) - highest(a, period),
            lambda a=a, b=b: (a >= b) * a,
            lambda a=a: share(a, 100 + abs(numbers[1])),
            lambda a=a: muldiv(a, one, Const(1 + abs(numbers[2]), "Wh")),
            lambda a=a, b=b: filled(a, b),
            lambda a=a: minimum(nominated("own", "a", Const(60, "Wh"), 0), a),
        )
        held.append(made[pick // 343 % len(made)]())
    energy = held[-1] + held[-2]
    mask = MASKS[shape.path[-1] % len(MASKS)]
    priced = sale(
        energy, mask * SPOT + (1 - mask) * Const(7, "micro/kWh"), "a", "b", "energy", "EUR"
    )
    fee = pay(energy * Const(numbers[0], "micro/kWh"), "a", "b", "fee", "EUR")
    return {
        "sale": lambda: priced + fee,
        "pay": lambda: fee + pay(at_end(DAY) * Const(numbers[2], "nano"), "b", "a", "end", "EUR"),
        "within": lambda: within(mask, priced) + fee,
        "when": lambda: when(mask, priced + fee),
        "until": lambda: until(energy >= 200, priced),
    }[shape.form]()


def world(seed, loads, gaps):
    random = np.random.Generator(np.random.PCG64(seed))
    found = {f"load-{number}": random.integers(-50, 900, SLOTS.count) for number in range(loads)}
    found["spot"] = random.choice([50, 99, 100, 300], SLOTS.count)
    found["choice:on"] = random.integers(0, 2, SLOTS.count)
    found["choice:own"] = random.integers(0, 61, SLOTS.count)
    if gaps:
        for name in ("load-0", "load-1", "spot"):
            found[name] = Known(found[name], random.random(SLOTS.count) > 0.02)
    return found


@quick
@given(
    shape=shapes(),
    numbers=st.lists(st.tuples(*[st.integers(-40, 90)] * 3), min_size=2, max_size=6),
    seed=st.integers(0, 10**6),
    gaps=st.booleans(),
)
def test_contracts_of_one_shape_are_as_alone(many, shape, numbers, seed, gaps):
    contracts = [
        built(shape, Series(f"load-{at % 4}", "Wh"), own) for at, own in enumerate(numbers)
    ]
    data = world(seed, 4, gaps)
    portfolio = Portfolio.of(contracts)
    alone = [many.alone(contract, data, SLOTS) for contract in contracts]
    faulty = {at: str(found) for at, found in enumerate(alone) if isinstance(found, GridpactError)}
    if faulty:
        with pytest.raises(PortfolioFaults) as caught:
            list(portfolio.cashflows(data, SLOTS, chunk=4))
        assert {fault.contract: str(fault.error) for fault in caught.value.faults} == faulty
        return
    flows = many.gathered(portfolio.cashflows(data, SLOTS, chunk=4))
    totals = portfolio.totals(data, SLOTS)
    for at, expected in enumerate(alone):
        assert flows[at] == {key: amounts.tolist() for key, amounts in expected.items()}
        assert totals.of(at) == {key: sum(amounts.tolist()) for key, amounts in expected.items()}


@pytest.mark.parametrize("edge", [INT64_MAX, INT64_MAX // 72, INT64_MAX // 72 + 1])
@pytest.mark.parametrize("end", [True, False])
def test_sums_at_the_edge_of_64_bits(edge, end):
    mask = at_end(DAY) if end else hours(0, 24 * STEP)
    contracts = [pay(mask * Const(edge - n, "nano"), "a", "b", "fee", "EUR") for n in range(3)]
    portfolio = Portfolio.of(contracts)
    expected = [sum(cashflows(c, {}, SLOTS)["a", "b", "EUR", "fee"].tolist()) for c in contracts]
    if max(expected) > INT64_MAX:
        with pytest.raises(NumberOverflow):
            portfolio.totals({}, SLOTS)
    else:
        assert portfolio.totals({}, SLOTS).amount.tolist() == expected
    (batch,) = portfolio.cashflows({}, SLOTS)
    assert batch.amounts.max(axis=-1).tolist() == [edge, edge - 1, edge - 2]


def test_a_total_inside_the_terms_is_checked():
    def terms(number):
        return pay(total(Const(number, "nano"), DAY), "a", "b", "fee", "EUR")

    most = INT64_MAX // 24
    good = [terms(most), terms(-most), terms(1)]
    (batch,) = Portfolio.of(good).cashflows({}, SLOTS)
    assert batch.amounts[:, 23].tolist() == [24 * most, -24 * most, 24]
    with pytest.raises(PortfolioFaults) as caught:
        list(Portfolio.of([*good, terms(most + 1)]).cashflows({}, SLOTS))
    assert [(f.contract, type(f.error)) for f in caught.value.faults] == [(3, NumberOverflow)]
