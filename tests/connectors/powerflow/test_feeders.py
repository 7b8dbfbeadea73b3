"""SimBench feeders: the network as pandapower solves it, cleared, verified and redispatched."""

import warnings
from copy import deepcopy

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.connectors.powerflow import PowerGridModelFlow, installed
from gridpact.connectors.simbench import package
from gridpact.connectors.simbench.network import network_of
from gridpact.connectors.simbench.tables import short_names
from gridpact.market.flexibility.offers import Offers
from gridpact.market.grid import nodal
from gridpact.market.grid.flows import headroom
from gridpact.market.grid.network import is_radial
from gridpact.market.grid.outcome import Fate, lines, report, settle
from gridpact.market.grid.redispatch import redispatch
from gridpact.market.grid.verification import State, verify, watts
from gridpact.market.orders import Orders

if not (installed() and package.installed()):
    reason = "needs both extras: pip install 'gridpact[grid,simbench]', see docs/grid.md"
    pytest.skip(reason, allow_module_level=True)

pytestmark = pytest.mark.slow

CODES = ("1-LV-rural1--0-sw", "1-LV-semiurb4--1-no_sw", "1-LV-urban6--2-sw")
SUMMER_NOON, WINTER_EVENING = 166 * 96 + 48, 20 * 96 + 72


@pytest.fixture(scope="module", params=CODES)
def case(request):
    """The package's network and profiles, our network, and the row of every bus."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import simbench

        net = simbench.get_simbench_net(request.param)
        series = simbench.get_absolute_values(net, True)
    ours = network_of(request.param, net)
    level = net.bus.vn_kv.loc[net.trafo.lv_bus.iloc[0]]
    row = {}
    low = net.bus.vn_kv == level
    for places, before in ((net.bus.index[low], ""), (net.bus.index[~low], "mv-")):
        names = short_names(net.bus.name.loc[places].tolist())
        named = zip(places, names, strict=True)
        row |= {bus: ours.nodes.index(before + name) for bus, name in named}
    assert len(set(row.values())) == len(ours.nodes) == len(net.bus)
    return net, series, ours, row


def fed(case, slots, times=1.0):
    """Power of loads and plants at every node in the given slots of the year, in W and var."""
    net, series, ours, row = case
    active = np.zeros((2, len(ours.nodes), len(slots)))
    for table, sign in (("load", -1), ("sgen", 1)):
        for part, name in enumerate(("p_mw", "q_mvar")):
            if (table, name) not in series:
                continue
            values = series[table, name].to_numpy()[slots] * 1e6
            for unit, bus in enumerate(net[table].bus):
                active[part, row[bus]] += sign * times * values[:, unit]
    return np.rint(active).astype(np.int64)


def stressed(case, slots):
    """The same in such a year that the most loaded branch would carry half as much again."""
    ours = case[2]
    found = verify(State(ours, *fed(case, slots)), PowerGridModelFlow())
    return fed(case, slots, 1.5 / (found.apparent_va / ours.limit_w[:, None]).max())


def test_loads_and_voltages_are_pandapower_s(case):
    net, _, ours, row = case
    from pandapower import runpp

    slots = [SUMMER_NOON, WINTER_EVENING]
    active, reactive = fed(case, slots)
    found = PowerGridModelFlow()(ours, active, reactive)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for place in range(len(slots)):
            net = _as_solved(case[0], ours, row, active[:, place], reactive[:, place])
            runpp(net, numba=False, trafo_model="pi", tolerance_mva=1e-9)
            voltages = net.res_bus.vm_pu.to_numpy()
            mine = found.voltage[[row[bus] for bus in net.res_bus.index], place]
            assert mine == pytest.approx(voltages, abs=1e-8)
            for table, result in (("line", net.res_line), ("trafo", net.res_trafo)):
                at = [ours.branches.index(name) for name in short_names(net[table].name.tolist())]
                loading = found.apparent_va[at, place] / ours.limit_w[at] * 100
                assert loading == pytest.approx(result.loading_percent.to_numpy(), rel=1e-4)


def _as_solved(net, ours, row, active, reactive):
    """The package's network with one load per node, which is what we solve."""
    from pandapower import create_load

    net = deepcopy(net)
    net.trafo["tap_changer_type"] = "Ratio"  # without it pandapower leaves taps out
    for table in ("load", "sgen", "storage"):
        net[table]["in_service"] = False
    for bus, at in row.items():
        create_load(net, bus, p_mw=-active[at] / 1e6, q_mvar=-reactive[at] / 1e6)
    return net


def test_members_are_nodes(case):
    net, _, ours, _ = case
    from gridpact.connectors.simbench.tables import grid_of

    assert set(grid_of("code", net).buses.values()) <= set(ours.nodes)
    assert is_radial(ours)


def offers_everywhere(ours, active, slots):
    """Each node offers to turn down what it draws and what it feeds in, at its own price."""
    rows = []
    for node in np.flatnonzero(active.any(axis=1)).tolist():
        for slot in range(slots):
            power = int(active[node, slot])
            if power:
                rows.append((node, -int(np.sign(power)), slot, abs(power), 100_000 + 1_000 * node))
    node, direction, slot, power, price = np.array(rows, np.int64).T
    count, none = np.arange(node.size), np.zeros(node.size, np.int64)
    one = np.ones(node.size, np.int64)
    return Offers(count, count, node, direction, slot, one, power, none, power, none, none, price)


def test_redispatch_brings_an_overloaded_feeder_within_its_limits(case):
    _, _, ours, _ = case
    active, reactive = stressed(case, [SUMMER_NOON, WINTER_EVENING])
    start, flow = State(ours, active, reactive), PowerGridModelFlow()
    offers = offers_everywhere(ours, active, 2)
    window = Slots(0, 900, 2)
    found = redispatch(start, flow, offers, window)
    told = report(found, offers)
    assert found.before.solved.all()
    assert not found.before.clean.all()
    assert np.any(told.fate == Fate.RELIEVED)
    assert found.after.clean.all(), lines(told)
    again = verify(found.state, flow)
    assert again.clean.all()
    money = settle(found, offers, offers.count, np.array([60_000, 90_000]))
    total = int(money.providers_nano.sum()) + int(money.outside_nano.sum())
    assert total + money.operator_nano == 0
    assert money.providers_nano.sum() > 0


def test_too_little_on_offer_is_explained(case):
    _, _, ours, _ = case
    active, reactive = stressed(case, [WINTER_EVENING])
    start, flow = State(ours, active, reactive), PowerGridModelFlow()
    offers = offers_everywhere(ours, active, 1)
    few = offers.take(np.arange(offers.count) < 2)
    found = redispatch(start, flow, few, Slots(0, 900, 1))
    told = report(found, few)
    assert found.before.solved.all()
    assert told.unkept
    assert len(told.unkept) == np.sum(told.fate == Fate.OVERRUN)
    assert len(lines(told)) == len(told.unkept)


def test_a_cleared_market_is_verified(case):
    """Half of the load is traded on top of a baseline of the rest, within linearised limits."""
    _, _, ours, _ = case
    active, reactive = fed(case, [WINTER_EVENING], times=3.0)
    baseline = active // 2 * 900 // 3600
    traded = -np.minimum(active - active // 2, 0) * 900 // 3600
    node = np.flatnonzero(traded[:, 0])
    count = np.arange(node.size + 1)
    orders = Orders(
        count,
        count,
        np.zeros_like(count),
        np.append(np.ones(node.size, np.int64), -1),
        np.append(traded[node, 0], traded.sum()),
        np.append(200_000 + 1_000 * node, 80_000),
    )
    room = headroom(ours, 1, 900, baseline)
    found = nodal.clear(orders, 1, np.append(node, ours.slack), ours, room)
    assert nodal.limits_kept(found, room).all()
    assert found.bought_wh.sum() > 0
    energy = baseline + found.sold_wh - found.bought_wh
    checked = verify(State(ours, watts(energy, 900), reactive), PowerGridModelFlow())
    assert checked.solved.all()
    # what AC adds to linear flow: losses, reactive power and voltages, told limit by limit
    assert np.all((checked.over_va > 0) <= (checked.apparent_va > ours.limit_w[:, None] * 0.999))
