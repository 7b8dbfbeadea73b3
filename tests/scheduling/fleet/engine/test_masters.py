"""Restricted masters against a linear programme of all columns they were ever given."""

import numpy as np
import pytest
from scipy.optimize import linprog

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.master_arrays import Limits
from gridpact.scheduling.fleet.portfolio_master import NO_PRICES
from gridpact.scheduling.fleet.restricted import ROOM, RestrictedMaster
from gridpact.scheduling.fleet.simplex import AT_HAND

GROUPS, SLOTS, PENALTY = 3, 12, 4.0


def limits_of(draw):
    """Each slot's energy is bounded from above, every other one's from below, too."""
    lower = np.arange(0, SLOTS, 2)
    resource = np.concatenate([np.arange(SLOTS), lower])
    sign = np.repeat([1.0, -1.0], [SLOTS, len(lower)])
    limit = draw.uniform(0.5, 2.0, len(resource))
    most = np.full(len(resource), PENALTY)
    return Limits(resource, sign, limit, 0 * most, most, np.zeros(len(resource), np.bool_))


def least(columns, limits, low, high):
    """Least cost of a mix of columns where limits have prices from ``low`` to ``high``."""
    group, values, cost = columns
    rows, count = len(limits.limit), len(cost)
    one_each = np.zeros((GROUPS, count + 2 * rows))
    one_each[group, np.arange(count)] = 1.0
    taken = limits.sign[:, None] * values[:, limits.resource].T
    balance = np.hstack([taken, np.eye(rows), -np.eye(rows)])
    return linprog(
        np.concatenate([cost, -low, high]),
        A_eq=np.vstack([one_each, balance]),
        b_eq=np.concatenate([np.ones(GROUPS), limits.limit]),
    ).fun


def cost_of(master, limits):
    over = limits.sign * master.mix.sum(axis=0)[limits.resource] - limits.limit
    priced = np.maximum(over, 0) * limits.high - np.maximum(-over, 0) * limits.low
    return float(master.own_cost[0] + priced.sum())


def batches(draw, count):
    for number in range(count):
        values = draw.uniform(-1.0, 2.0, (GROUPS, SLOTS))
        yield number, (np.arange(GROUPS), values, draw.uniform(-2.0, 2.0, GROUPS))


@pytest.mark.parametrize("seed", range(6))
def test_a_master_finds_the_least_cost_of_all_columns_while_none_is_dropped(seed):
    draw = stream(seed, "masters")
    limits, given = limits_of(draw), []
    master = RestrictedMaster(GROUPS, SLOTS, limits)
    for number, batch in batches(draw, ROOM):
        master.append(*batch, number)
        given.append(batch)
        centre = draw.uniform(0.0, 1.0, len(limits.limit))
        np.maximum(centre - 0.5, 0.0, out=limits.low)
        np.minimum(centre + 0.5 + number % 4, PENALTY, out=limits.high)
        master.solve(NO_PRICES, 1e-9)
        known = tuple(np.concatenate(part) for part in zip(*given, strict=True))
        assert cost_of(master, limits) == pytest.approx(
            least(known, limits, limits.low, limits.high), abs=1e-6
        )
        shares = np.bincount(master.master.group[master.weights()[0]], master.weights()[1], GROUPS)
        np.testing.assert_allclose(shares, 1.0, atol=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_a_master_finds_the_least_cost_of_more_columns_than_it_has_at_hand(seed):
    draw, count = stream(seed, "masters", "many"), 8 * AT_HAND
    limits = limits_of(draw)
    group = np.arange(count) % GROUPS
    columns = group, draw.uniform(-1.0, 2.0, (count, SLOTS)), draw.uniform(-2.0, 2.0, count)
    master = RestrictedMaster(GROUPS, SLOTS, limits)
    master.append(*columns, 0)
    master.solve(NO_PRICES, 1e-9)
    best = least(columns, limits, limits.low, limits.high)
    assert cost_of(master, limits) == pytest.approx(best, abs=1e-6)


def test_a_master_that_runs_out_of_room_keeps_its_mix_and_what_it_knows_of_it():
    draw = stream(1, "masters", "room")
    limits = limits_of(draw)
    master = RestrictedMaster(GROUPS, SLOTS, limits)
    given, costs, room = {}, [], 0
    for number, batch in batches(draw, 400):
        before = dict(_mixed(master)) if number else {}
        master.append(*batch, number)
        given |= {(int(g), number): (v, c) for g, v, c in zip(*batch, strict=True)}
        assert dict(_mixed(master)) == before or not before
        master.solve(NO_PRICES, 1e-9)
        costs.append(cost_of(master, limits))
        room = max(room, len(master.master.cost))
        for (group, born), share in _mixed(master):
            master.mix[group] -= share * given[group, born][0]
        np.testing.assert_allclose(master.mix, 0.0, atol=1e-7)
    assert np.all(np.diff(costs) < 1e-6)  # what it drops was not in the mix: never dearer
    assert room < 120 < master.master.born.max()
    whole = tuple(
        np.array(part)
        for part in zip(*((g, v, c) for (g, _), (v, c) in given.items()), strict=True)
    )
    best = least(whole, limits, limits.low, limits.high)
    assert best - 1e-6 <= costs[-1] <= best + 0.1 * abs(best)


def _mixed(master):
    """Share of every answer in the mix, by its group and number."""
    columns, shares = master.weights()
    arrays = master.master
    keys = zip(arrays.group[columns].tolist(), arrays.born[columns].tolist(), strict=True)
    return list(zip(keys, shares.tolist(), strict=True))


@pytest.mark.parametrize("count", [3, 14, 40])
def test_a_master_goes_on_from_another_with_more_rows_than_columns(count):
    """One group under a limit in each of 96 slots: its basis is rows, hardly any column."""
    draw, slots = stream(count, "masters", "resumed"), 96
    limits = Limits(
        np.arange(slots),
        np.ones(slots),
        np.full(slots, 0.1),
        np.zeros(slots),
        np.full(slots, PENALTY),
        np.zeros(slots, np.bool_),
    )
    known = RestrictedMaster(1, slots, limits)
    for number in range(count):
        known.append(np.zeros(1, np.int64), draw.uniform(0, 2, (1, slots)), np.ones(1), number)
        known.solve(NO_PRICES, 1e-9)
    assert np.sum(limits.active) > 24
    resumed = RestrictedMaster(1, slots, limits._replace(active=np.zeros(slots, np.bool_)))
    resumed.resume(known)
    assert _mixed(resumed) == _mixed(known)
    resumed.solve(NO_PRICES, 1e-9)
    assert cost_of(resumed, limits) == pytest.approx(cost_of(known, limits))
