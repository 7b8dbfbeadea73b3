"""A zone's schedules on a SimBench feeder, with its own loads, by power-grid-model."""

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.connectors.powerflow import PowerGridModelFlow, installed
from gridpact.connectors.powerflow.schedules import compare
from gridpact.connectors.simbench import package
from gridpact.connectors.simbench.network import read_network
from gridpact.market.grid.verification import State
from gridpact.scheduling.audit import audit
from gridpact.scheduling.audit.nodes import spread_out, without_shared_limits
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.fleet.solve import solve

if not (installed() and package.installed()):
    reason = "needs both extras: pip install 'gridpact[grid,simbench]', see docs/grid.md"
    pytest.skip(reason, allow_module_level=True)

pytestmark = pytest.mark.slow

SLOTS, STEP_S = 96, 900


def evening_to_morning(nodes):
    """Cars that arrive in the evening and leave in the morning, and home batteries."""
    draw = stream(1, "feeder", "fleet")
    cars, stores = 2 * nodes, nodes
    arrive = np.clip(draw.normal(26, 6, cars).round(), 0, 60).astype(int)
    size = draw.choice([5_000.0, 10_000.0], stores)
    return {
        "one_way": OneWay(
            zone=np.zeros(cars, int),
            arrive=arrive,
            leave=np.clip(draw.normal(78, 4, cars).round(), 70, SLOTS).astype(int),
            energy_wh=draw.uniform(4_000, 12_000, cars),
            power_w=np.full(cars, 11_000.0),
        ),
        "storage": Storage(
            zone=np.zeros(stores, int),
            initial_wh=size / 2,
            charge_w=size / 2,
            discharge_w=size / 2,
            hi_wh=size,
            terminal_wh=size / 2,
            efficiency_in=0.95,
            efficiency_out=0.95,
        ),
    }


@pytest.mark.parametrize("code", ["1-LV-rural1--0-sw", "1-LV-semiurb4--0-sw"])
def test_the_transformer_is_relieved(code):
    grid = read_network(code)
    consumers = np.array([n for n in range(len(grid.nodes)) if n != grid.slack])
    own = np.zeros((len(grid.nodes), SLOTS), np.int64)
    own[consumers] = -400
    transformer = int(np.flatnonzero((grid.source == grid.slack) | (grid.target == grid.slack))[0])
    limit = float(grid.limit_w[transformer])
    zones = Zones(
        np.array([-1]),
        import_limit_w=0.8 * limit,
        export_limit_w=0.8 * limit,
        load_wh=-own.sum(axis=0, keepdims=True) / 4,
    )
    tables = evening_to_morning(len(consumers))
    fleet = Fleet(slots=SLOTS, step_s=STEP_S, zones=zones, **tables)
    hour = (12 + np.arange(SLOTS) / 4) % 24
    prices = Prices(250_000 + 90_000 * np.cos((hour - 19) / 24 * 2 * np.pi))
    alone = solve(without_shared_limits(fleet), prices).schedules()
    together = solve(fleet, prices)
    assert audit(fleet, together, prices).clean
    assert not together.missed
    state = State(grid, own, np.zeros_like(own))
    placement = spread_out(fleet, 0, consumers)
    found = compare(state, fleet, placement, (alone, together.schedules()), PowerGridModelFlow())
    carried = found.after.verification.apparent_va[transformer] / limit
    before = found.before.verification.apparent_va[transformer] / limit
    assert before.max() > 1.0
    assert carried.max() < 0.9, "the limit leaves a tenth for losses and reactive power"
    assert found.after.lowest.min() > found.before.lowest.min()
    assert found.after.loading.max() < found.before.loading.max()
