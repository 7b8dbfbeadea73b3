"""Shadow prices of stored energy: what they prove, and that nothing best is ruled out by them."""

import numpy as np
import pytest

from gridpact.scheduling.fleet import storage
from gridpact.scheduling.fleet.columns import Storage
from gridpact.scheduling.fleet.piecewise import INFINITY
from gridpact.scheduling.fleet.shadow_prices import excess, fill_shadow_prices
from gridpact.scheduling.fleet.state_kernels import make_space
from gridpact.scheduling.fleet.state_plans import plan_state, plan_within
from gridpact.scheduling.fleet.stepped_storage import SteppedStorage, impossible

HOURS = 0.25


def row(draw, slots, least):
    """A tank, or a battery with losses, with or without least powers."""
    heat, hi = draw.random() < 0.6, float(draw.uniform(3000, 6000))
    return Storage(
        zone=np.zeros(1, np.int64),
        initial_wh=hi * float(draw.uniform(0.3, 0.7)),
        charge_w=3000.0,
        discharge_w=0.0 if heat else 2000.0,
        hi_wh=hi,
        lo_wh=(hi * draw.uniform(0, 0.3, slots))[None],
        terminal_wh=hi * float(draw.uniform(0.2, 0.6)),
        efficiency_in=draw.uniform(2, 4, slots)[None] if heat else 0.93,
        efficiency_out=0.94,
        kept=float(draw.choice([1, 0.98])),
        draw_wh=draw.uniform(0, 900 if heat else 200, slots)[None],
        wear=float(draw.choice([0, 20_000])),
        charge_min_w=least * float(draw.choice([900, 2000, 3000])),
        discharge_min_w=least * float(draw.choice([0, 700])),
    )


@pytest.fixture
def rows(cases, one_group):
    """Make oracles of rows that can be kept, with prices, and the plan without least powers."""

    def make(name, least, count):
        for case, draw, prices in cases(f"shadow-{name}", (12, 30), count):
            table = row(draw, len(prices), least)
            if impossible(table, len(prices), HOURS)[0]:
                continue
            oracle = SteppedStorage.build(table, one_group(1), len(prices), HOURS)
            loose = np.zeros(len(prices))
            work = storage.make_work(len(prices))
            hull = storage.plan(oracle.loose, 0, prices, work, loose)
            yield case, draw, prices, oracle.stores, (loose, hull)

    return make


def costs(stores, prices, stored):
    """Cost of storing (or taking) so much in each slot [slots]."""
    bought = prices / stores.inward[0]
    sold = (prices - stores.wear[0]) * stores.outward[0]
    return np.where(stored > 0, bought, sold) * stored


def bound(stores, prices, shadow):
    """What no plan costs less than, by the least value of every term, tried at its ends."""
    kept, slots = stores.kept[0], len(prices)
    after = np.append(shadow[1:slots], 0.0)
    slope = shadow[:slots] - kept * after
    total = -kept * shadow[0] * stores.initial[0] + shadow[:slots] @ stores.draw[0]
    total += np.minimum(slope * stores.lo[0], slope * stores.hi[0]).sum()
    ends = [np.zeros(slots), stores.charge[0, :, 1], -stores.discharge[0, :, 1]]
    return total + np.min([costs(stores, prices, u) - shadow[:slots] * u for u in ends], 0).sum()


def test_excess_is_the_cost_above_a_bound_that_holds_for_any_prices(rows):
    seen = 0
    for case, draw, prices, stores, (loose, _) in rows("any", 1, 200):
        space, plan = make_space(len(prices)), loose.copy()
        assert plan_state(stores, 0, prices, space, plan) == 0.0
        shadow = np.append(draw.uniform(-0.1, 0.4, len(prices)), 0.0)
        above = excess(stores, 0, prices, shadow, plan)
        least = bound(stores, prices, shadow)
        assert above == pytest.approx(costs(stores, prices, plan).sum() - least, abs=1e-9), case
        assert above >= -1e-8
        seen += 1
    assert seen > 100


def test_prices_prove_the_best_plan_without_least_powers(rows):
    seen = 0
    for case, _, prices, stores, (loose, hull) in rows("loose", 0, 200):
        if hull:  # the plan is not the best one where charging and discharging at once would pay
            continue
        space = make_space(len(prices))
        fill_shadow_prices(stores, 0, prices, loose, space.shadow, space.ranges)
        assert excess(stores, 0, prices, space.shadow, loose) == pytest.approx(0, abs=1e-8), case
        seen += 1
    assert seen > 80


def test_a_budget_rules_out_no_plan_within_it(rows):
    """With shadow prices good and bad, the best plan's own excess is enough to find it."""
    seen = 0
    for case, draw, prices, stores, (loose, _) in rows("budget", 1, 200):
        space, best = make_space(len(prices)), loose.copy()
        assert plan_within(stores, 0, prices, space, best, INFINITY)
        least = costs(stores, prices, best).sum()
        fill_shadow_prices(stores, 0, prices, loose, space.shadow, space.ranges)
        if case % 2:
            space.shadow[:-1] += draw.normal(0, 0.05, len(prices))
        above = excess(stores, 0, prices, space.shadow, best)
        again = np.zeros(len(prices))
        assert plan_within(stores, 0, prices, space, again, above + 1e-9), case
        assert costs(stores, prices, again).sum() == pytest.approx(least, abs=1e-8), case
        if above > 1e-4:  # a budget of less finds no plan that is as good
            found = plan_within(stores, 0, prices, space, again, 0.5 * above)
            assert not found or costs(stores, prices, again).sum() >= least - 1e-8
        seen += 1
    assert seen > 100
