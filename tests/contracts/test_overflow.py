"""Near the edge of int64: either the exact whole number, or a refusal; never a wrapped one."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import children
from gridpact.contracts.observables import Const, Fold, Op, Series
from gridpact.contracts.terms import One, Scale, pay

EDGES = [0, 1, 2, 3, 2**31, 2**32 + 1, 3037000499, 3037000500, 2**62, INT64_MAX // 2, INT64_MAX - 1]
LARGE = st.sampled_from([sign * (edge + by) for edge in EDGES for by in (0, 1) for sign in (1, -1)])
NUMBERS = st.integers(-5, 5) | LARGE | st.integers(-INT64_MAX, INT64_MAX)
PLACES = ("one", "two", "three")
NODES = st.recursive(
    st.sampled_from([Series(name, "1") for name in PLACES])
    | st.builds(Const, NUMBERS, st.just("1")),
    lambda below: st.one_of(
        st.builds(
            lambda kind, args: Op(kind, tuple(args)),
            st.sampled_from(["+", "*", "max", "min"]),
            st.lists(below, min_size=2, max_size=3),
        ),
        st.builds(lambda a, b: Op("-", (a, b)), below, below),
        st.builds(lambda a, b: (a >= b) * a, below, below),
        st.builds(
            lambda a, b, c: Op("muldiv", (a, b, Const(c, "1"))),
            below,
            below,
            st.integers(1, 7) | st.just(INT64_MAX),
        ),
        st.builds(
            Fold,
            st.sampled_from(["total", "running", "highest", "whole"]),
            st.sampled_from(["all", "day@UTC"]),
            below,
        ),
    ),
    max_leaves=6,
)


def below(node):
    """All nodes under a node, and what sums and products come to from the left on their way."""
    yield node
    if isinstance(node, Op) and node.kind in ("+", "*"):
        yield from (Op(node.kind, node.args[:count]) for count in range(2, len(node.args)))
    for child in children(node):
        yield from below(child)


def fits(value):
    return abs(value) <= INT64_MAX


def same_or_refused(contract, world, slots, exact):
    """Check the one flow of a contract against exact integers, and every node on the way."""
    if all(fits(value) for values in exact for value in values):
        (paid,) = cashflows(contract, world, slots).values()
        assert paid.tolist() == exact[0]
    else:
        with pytest.raises(NumberOverflow):
            cashflows(contract, world, slots)


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), node=NODES)
def test_every_node_is_exact_or_refused(gen, oracle, data, node):
    values = st.lists(NUMBERS, min_size=gen.slots.count, max_size=gen.slots.count)
    lists = {name: data.draw(values) for name in PLACES}
    world = {name: np.array(row, dtype=np.int64) for name, row in lists.items()}
    contract = Scale(node, pay(Const(1, "nano"), "a", "b", "fee", "EUR"))
    used = {child.name for child in below(node) if isinstance(child, Series)}
    if len(used) < len(PLACES):
        world = {name: values for name, values in world.items() if name in used}
    exact = [oracle.values(child, lists) for child in below(node)]
    same_or_refused(contract, world, gen.slots, exact)


@settings(deadline=None, max_examples=200)
@given(data=st.data(), count=st.integers(2, 4))
def test_legs_of_one_flow_add_up_exactly_or_are_refused(gen, data, count):
    amounts = data.draw(st.lists(NUMBERS, min_size=count, max_size=count))
    contract = pay(Const(amounts[0], "nano"), "a", "b", "fee", "EUR")
    for amount in amounts[1:]:
        contract = contract + pay(Const(amount, "nano"), "a", "b", "fee", "EUR")
    sums = np.add.accumulate(np.array(amounts, dtype=object)).tolist()
    if all(map(fits, sums)):
        (paid,) = cashflows(contract, {}, gen.slots).values()
        assert paid.tolist() == [sums[-1]] * gen.slots.count
    else:
        with pytest.raises(NumberOverflow):
            cashflows(contract, {}, gen.slots)


@settings(deadline=None, max_examples=200)
@given(first=NUMBERS, second=NUMBERS)
def test_factors_on_the_way_to_a_flow_multiply_exactly_or_are_refused(gen, first, second):
    money = One("money:EUR/fee", "a", "b")
    contract = Scale(Const(first, "Wh"), Scale(Const(second, "micro/kWh"), money))
    assert len(legs(contract)) == 1
    same_or_refused(contract, {}, gen.slots, [[first * second] * gen.slots.count])
