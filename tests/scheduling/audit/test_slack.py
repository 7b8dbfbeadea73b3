"""How far claims may lie from schedules: by rounding, and by what mixes of plans waste."""

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.audit import audit
from gridpact.scheduling.audit.slack import EXACT, SINGLE
from gridpact.scheduling.fleet.columns import Fleet, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.outcome import FEW
from gridpact.scheduling.fleet.solve import solve as solve_by_engine
from gridpact.scheduling.reference.solve import solve

SLOTS, HOURS = 4, 0.25
IN, OUT, POWER_W, WEAR = 0.9, 0.8, 4_000.0, 20_000.0
PRICE = np.array([100_000.0, 300_000.0, 50_000.0, 200_000.0])
TRIP = IN * OUT


def stores(count, **other):
    """A fleet of equal storage in two zones, the second below the first; and its prices."""
    columns = {"charge_w": POWER_W, "discharge_w": POWER_W, "hi_wh": 10_000.0, "wear": WEAR}
    columns |= {"efficiency_in": IN, "efficiency_out": OUT, "lo_wh": 0.0, "initial_wh": 5_000.0}
    storage = Storage(zone=np.arange(count) % 2, **(columns | other))
    zones = Zones(np.array([-1, 0]), load_wh=np.full((2, SLOTS), 100.0))
    return Fleet(slots=SLOTS, step_s=900, zones=zones, storage=storage), Prices(PRICE)


def whats(fleet, prices, solution, **changes):
    """Name what an audit finds where an answer claims something else."""
    found = audit(fleet, msgspec.structs.replace(solution, **changes), prices, sample=0)
    return {one.what for one in found.breaches}


NET, COST = "reports another net energy", "costs something else than claimed"


@pytest.fixture(scope="module", params=[FEW, FEW + 1], ids=["few", "many"])
def answer(request):
    """A fleet of storage as large as may claim no mix, or one larger; its prices and answer."""
    fleet, prices = stores(request.param)
    return fleet, prices, solve(fleet, prices, 5e6)


def test_net_energy_may_be_off_by_the_rounding_of_all_rows(answer):
    fleet, prices, solution = answer
    rounding = SINGLE * 10_000.0 * len(fleet.storage.zone) / 2
    for zone, rows in ((0, 2), (1, 1)):  # the first also takes what the second does
        for part, found in ((0.9, set()), (2.0, {NET})):
            net = solution.net_wh.copy()
            net[zone, 1] -= part * rows * rounding
            net[zone, 1] -= 2e-6 * abs(net[zone, 1]) * (part > 1) + 0.02 * (part > 1)
            assert whats(fleet, prices, solution, net_wh=net) == found, (zone, part)


def test_cost_may_be_off_by_a_part_of_all_amounts_though_they_cancel():
    load = np.array([[3e9, 1e9, 2e9, 1e9], [-3e9, -1e9, -2e9, -1e9]])
    fleet, prices = stores(2, initial_wh=0.0, charge_w=0.0, discharge_w=0.0)
    apart = Zones(np.array([-1, -1]), load_wh=load)
    fleet = msgspec.structs.replace(fleet, zones=apart)
    solution = solve(fleet, prices, 5e6)
    amounts = float((np.abs(load) * PRICE).sum())
    assert abs(solution.upper_nano) < 1e-9 * amounts
    for sign in (-1, 1):
        near = solution.upper_nano + sign * 0.9 * EXACT * amounts
        assert whats(fleet, prices, solution, upper_nano=near) == set()
        far = solution.upper_nano + sign * 1.1 * EXACT * amounts
        assert COST in whats(fleet, prices, solution, upper_nano=far)


@pytest.mark.parametrize("charge", [0.2, 0.5, 0.9])
def test_many_storage_may_claim_a_mix_that_does_both_at_once(answer, charge):
    """``charge`` of the mix charges at full power and the rest discharges: the claim of it."""
    fleet, prices, solution = answer
    many, count = len(fleet.storage.zone) > FEW, np.bincount(fleet.storage.zone)
    into, out = charge * POWER_W * HOURS, (1 - charge) * POWER_W * HOURS
    change = into * IN - out / OUT
    alone = change / IN if change > 0 else change * OUT
    wasted = into - out - alone
    worn = out - max(-change * OUT, 0.0)
    assert wasted > 0
    net, slot = solution.net_wh.copy(), 2
    net[1, slot] += wasted * count[1]
    net[0, slot] += wasted * count.sum()
    paid = count.sum() * (wasted * PRICE[slot] + worn * WEAR)
    claim = {"net_wh": net, "upper_nano": solution.upper_nano + paid}
    assert whats(fleet, prices, solution, **claim) == (set() if many else {NET, COST})
    less = {"net_wh": 2 * solution.net_wh - net, "upper_nano": solution.upper_nano - paid}
    assert whats(fleet, prices, solution, **less) >= {NET, COST}


def test_nobody_may_claim_more_than_mixes_can_waste(answer):
    fleet, prices, solution = answer
    count = len(fleet.storage.zone)
    most = min(POWER_W, POWER_W / TRIP) * HOURS * (1 - TRIP) * count / 2
    net = solution.net_wh.copy()
    net[1, 2] += 1.1 * most
    assert whats(fleet, prices, solution, net_wh=net) == {NET}
    all_of_it = 2 * most * PRICE.sum() + count * SLOTS * TRIP * POWER_W * HOURS * WEAR
    dear = solution.upper_nano + 1.1 * all_of_it
    assert whats(fleet, prices, solution, upper_nano=dear) == {COST}


def test_the_engine_passes_with_many_storage_whose_mixes_do_both_at_once():
    draw = stream(1, "audit", "many")
    count, slots, zones = FEW + 100, 24, 3
    capacity = draw.uniform(5_000, 20_000, count)
    storage = Storage(
        zone=np.arange(count) * zones // count,
        charge_w=capacity / 2,
        discharge_w=capacity / 2,
        efficiency_in=0.95,
        efficiency_out=0.95,
        lo_wh=capacity / 10,
        hi_wh=capacity,
        initial_wh=capacity / 2,
        terminal_wh=capacity / 2,
        wear=20_000.0,
    )
    load = np.full((zones, slots), 500.0 * count / zones)
    limit = np.full(zones, 900.0 * count / zones)
    fleet = Fleet(
        slots=slots,
        step_s=3600,
        zones=Zones(np.full(zones, -1), limit, load_wh=load),
        storage=storage,
    )
    price = 140_000 + 60_000 * np.sin(np.arange(slots) / slots * 4 * np.pi)
    prices = Prices(price + draw.normal(0, 6_000, slots))
    solution = solve_by_engine(fleet, prices, Options(method="engine", rounds=12))
    report = audit(fleet, solution, prices, sample=0)
    assert report.cost_nano < report.claimed_cost_nano - 1e-5 * report.cost_nano, "it claims a mix"
    assert report.breaches == ()
