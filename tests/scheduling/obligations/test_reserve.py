"""Reserves: power and energy held ready, shown by calling all of it in every slot."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.contracts.observables import Const
from gridpact.contracts.products.reserve import secondary_reserve
from gridpact.scheduling.obligations.bind import bind_contracts
from gridpact.scheduling.obligations.model import Backing

POWER, CAPACITY, INITIAL = 3_000, 6_000, 3_000


def watts(value):
    return Const(value, "W")


def agreed(tools, up, down, *, world=None, sustained_s=3600, rows=(0,), **more):
    per_kw = Const(2_000, "micro/kW")
    contract = secondary_reserve(
        "bakery",
        "tso",
        watts(up),
        watts(down),
        per_kw,
        per_kw,
        tools.price(150_000),
        tools.price(20_000),
        1,
        300,
        "EUR",
    )
    held = Backing(name="battery", assets=(("storage", np.array(rows)),), sustained_s=sustained_s)
    return tools.Agreed(
        id="afrr",
        contract=contract,
        party="bakery",
        currency="EUR",
        world=world or {},
        served={"capacity:afrr-up": held, "capacity:afrr-down": held},
        **more,
    )


def programme(tools, spot, up, down):
    """Charge and discharge in each slot, a reserve beside them; efficiencies are 1."""
    slots = len(spot)
    eye, none, full = np.eye(slots), np.zeros((slots, slots)), np.tri(slots)
    rows = []
    for t in range(slots):
        net, state = np.append(eye[t], -eye[t]), np.append(full[t], -full[t])
        rows.append((net, up - POWER, POWER - down))
        rows.append((state, up - INITIAL, CAPACITY - down - INITIAL))
    assert none.shape == (slots, slots)
    cost = np.append(spot, -np.asarray(spot, float))
    return tools.least(cost, rows, [(0, POWER)] * (2 * slots))


@settings(deadline=None, max_examples=10)
@given(
    st.lists(st.integers(0, 300_000), min_size=4, max_size=4),
    st.integers(0, 2_000),
    st.integers(0, 2_000),
)
def test_it_holds_what_a_programme_written_by_hand_holds(tools, spot, up, down):
    contract = agreed(tools, up, down)
    fleet, prices = tools.site(spot, battery=(INITIAL, POWER, CAPACITY))
    plan = tools.planned(spot, fleet, prices, contract)
    paid = 4 * (up + down) * 2_000
    best = programme(tools, spot, up, down) - paid
    assert plan.cost == pytest.approx(best, rel=2e-3, abs=1e4)
    read = tools.read_cost(plan, with_no_calls(tools, contract), spot, np.zeros(4))
    assert read == pytest.approx(plan.cost, rel=1e-9, abs=10)
    state = INITIAL
    for net in plan.net:
        for begins in (state, state + net):  # a call as a slot begins, and as it ends
            assert POWER + net >= up - 1e-3
            assert begins >= up - 1e-3
            assert POWER - net >= down - 1e-3
            assert CAPACITY - begins >= down - 1e-3
        state += net


def with_no_calls(tools, contract):
    none = np.zeros(4, np.int64)
    calls = {"choice:activate-up": none, "choice:activate-down": none}
    return tools.Agreed(
        id="afrr", contract=contract.contract, party="bakery", currency="EUR", world=calls
    )


def test_a_call_is_delivered_from_what_was_held(tools):
    spot, plan_net = [50_000] * 4, np.zeros(4)
    called = np.array([0, 1_000, 0, 0])
    calls = {"choice:activate-up": called, "choice:activate-down": np.zeros(4, np.int64)}
    contract = agreed(tools, 1_000, 0, world=calls)
    delivering = Backing(name="call", zones=np.array([0]), baseline_wh=plan_net)
    contract = tools.Agreed(
        id="afrr",
        contract=contract.contract,
        party="bakery",
        currency="EUR",
        world=calls,
        served={"energy": delivering},
        waived=("capacity:afrr-up",),
    )
    fleet, prices = tools.site(spot, battery=(INITIAL, POWER, CAPACITY))
    plan = tools.planned(spot, fleet, prices, contract)
    assert plan.net[1] <= -1_000 + 1e-3
    assert tools.read_cost(plan, contract, spot, called) == pytest.approx(plan.cost, abs=10)


@pytest.mark.parametrize(
    ("up", "battery", "reason"),
    [
        (3_500, (INITIAL, POWER, CAPACITY), "would hold 3500 W in slot 0"),
        (2_000, (1_000, POWER, CAPACITY), "does not hold what capacity needs"),
        (2_000, (1_500, POWER, 1_500), "stores too little|does not hold"),
    ],
)
def test_what_storage_cannot_hold_is_refused(tools, up, battery, reason):
    spot = [50_000] * 4
    fleet, prices = tools.site(spot, battery=battery)
    bound = bind_contracts(fleet, prices, [agreed(tools, up, 0)], tools.market(spot))
    assert bound.refused[0].where == "afrr"
    assert any(part in bound.refused[0].problem for part in reason.split("|"))
    assert (bound.row_of, bound.fixed_nano) == ((), 0.0)
    np.testing.assert_array_equal(bound.fleet.storage.lo_wh, fleet.storage.lo_wh)


def test_capacity_is_not_held_by_storage_that_may_discharge_only_so_much(tools):
    spot = [50_000] * 4
    fleet, prices = tools.site(spot, battery=(INITIAL, POWER, CAPACITY))
    table = msgspec.structs.replace(fleet.storage, throughput_wh=np.array([10.0]))
    limited = msgspec.structs.replace(fleet, storage=table)
    bound = bind_contracts(limited, prices, [agreed(tools, 500, 0)], tools.market(spot))
    assert "may discharge only so much in all" in bound.refused[0].problem


def test_capacity_without_storage_is_refused(tools):
    spot = [50_000] * 4
    fleet, prices = tools.site(spot, car=(1_000, 1_000))
    bound = bind_contracts(fleet, prices, [agreed(tools, 500, 0)], tools.market(spot))
    assert "by storage alone" in bound.refused[0].problem
