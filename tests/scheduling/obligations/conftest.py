"""Small sites with a car and a battery, and linear programmes written from the terms alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import linprog

from gridpact.base.slots import Slots
from gridpact.contracts.observables import Const
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.obligations.bind import bind_contracts
from gridpact.scheduling.obligations.model import Agreed, Market
from gridpact.scheduling.obligations.plan import decisions, paid_by
from gridpact.scheduling.priorities.solve import solve_by_levels

HOUR = 3600


def site(spot, *, load=0, car=None, battery=None):
    """One zone: fixed load [Wh], a car (energy, power) or a battery (initial, power, capacity)."""
    slots = len(spot)
    at = np.zeros(1, np.int64)
    fleet = Fleet(
        slots=slots,
        step_s=HOUR,
        zones=Zones(np.array([-1]), load_wh=np.broadcast_to(np.float64(load), (1, slots))),
        one_way=None
        if car is None
        else OneWay(at, at, at + slots, np.array([car[0]]), np.array([car[1]])),
        storage=None
        if battery is None
        else Storage(
            at, initial_wh=battery[0], charge_w=battery[1], discharge_w=battery[1], hi_wh=battery[2]
        ),
    )
    return fleet, Prices(np.asarray(spot, np.float64)[None])


def market(spot):
    return Market(Slots(0, HOUR, len(spot)), np.asarray(spot, np.float64))


def planned(spot, fleet, prices, *contracts):
    """Bind, solve by levels, and read back: what is bound, the answer, choices, total cost."""
    bound = bind_contracts(fleet, prices, contracts, market(spot))
    assert bound.refused == ()
    exact = Options(method="reference", gap=1e-7)
    answer = solve_by_levels(bound.fleet, bound.prices, bound.needs, exact)
    made = decisions(bound, answer.net_wh)
    return SimpleNamespace(
        bound=bound,
        answer=answer,
        made=made,
        cost=answer.cost_upper_nano + bound.fixed_nano,
        least=answer.cost_lower_nano + bound.fixed_nano,
        net=answer.net_wh[0],
    )


def read_cost(plan, agreed, spot, given):
    """Cost as told by meters, the market and the contract's own cash flows, nano-¤."""
    world = dict(agreed.world) | plan.made.get(agreed.id, {})
    spot = np.asarray(spot, np.float64)
    return float(spot @ plan.net + spot @ given + paid_by(agreed, plan.bound, world).sum())


def wh(value):
    return Const(value, "Wh")


def price(value):
    return Const(value, "micro/kWh")


def least(cost, rows, bounds):
    """Least of a linear programme; rows are (coefficients, low, high)."""
    matrix, right = [], []
    for coefficients, low, high in rows:
        if np.isfinite(high):
            matrix.append(coefficients)
            right.append(high)
        if np.isfinite(low):
            matrix.append([-x for x in coefficients])
            right.append(-low)
    found = linprog(cost, matrix or None, right or None, bounds=bounds, method="highs")
    return float(found.fun) if found.status == 0 else np.inf


@pytest.fixture(scope="session")
def tools():
    return SimpleNamespace(
        site=site,
        market=market,
        planned=planned,
        read_cost=read_cost,
        wh=wh,
        price=price,
        least=least,
        Agreed=Agreed,
        HOUR=HOUR,
    )
