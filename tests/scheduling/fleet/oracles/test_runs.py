"""Runs of appliances against every plan written out."""

import itertools

import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Runs
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.run_programmes import RunOracle

HOURS = 0.25


def stretches(pattern):
    """Lengths of stretches of on, and of the pauses between them."""
    on, edges = np.flatnonzero(pattern), []
    if not len(on):
        return [], []
    for state, group in itertools.groupby(pattern[on[0] : on[-1] + 1]):
        edges.append((state, len(list(group))))
    return [n for state, n in edges if state], [n for state, n in edges if not state]


def interruptible_plans(run, slots):
    """Every plan [slots] of an interruptible run, kWh."""
    step = run["power_w"][0, 0] * HOURS / 1000
    for chosen in itertools.combinations(range(run["first"], run["end"]), run["length"]):
        pattern = np.isin(np.arange(slots), chosen)
        on, off = stretches(pattern)
        few = run["most_starts"] == 0 or len(on) <= run["most_starts"]
        if min(on) >= run["min_on"] and min(off, default=99) >= run["min_off"] and few:
            yield pattern * step, 1


def uninterrupted_plans(run, slots):
    """Every plan [slots] of an uninterruptible run with any number of times, kWh."""
    steps = run["power_w"][0, : run["length"]] * HOURS / 1000
    must = np.isinf(run["value"])
    starts = range(run["first"], run["end"] - run["length"] + 1)
    for times in range(run["times"] if must else 1, run["times"] + 1):
        for chosen in itertools.combinations(starts, times):
            if (np.diff(chosen) < run["length"] + run["pause"]).any():
                continue
            plan = np.zeros(slots)
            for start in chosen:
                plan[start : start + run["length"]] += steps
            yield plan, times


def least_cost(run, prices):
    make = interruptible_plans if run["interruptible"] else uninterrupted_plans
    worth = 0.0 if np.isinf(run["value"]) else run["value"] * 1e-6
    found = [plan @ prices - times * worth for plan, times in make(run, len(prices))]
    return min(found if np.isinf(run["value"]) else [*found, 0.0])


def random_run(draw, slots):
    length = int(draw.integers(1, 6))
    first = int(draw.integers(0, slots - length + 1))
    end = int(draw.integers(first + length, slots + 1))
    pause = int(draw.integers(0, 3))
    powers = draw.uniform(100, 3000, 5) if draw.random() < 0.5 else np.full(5, 2000.0)
    return {
        "first": first,
        "end": end,
        "length": length,
        "power_w": powers[None],
        "interruptible": bool(draw.random() < 0.5),
        "min_on": int(draw.integers(1, length + 1)),
        "min_off": int(draw.integers(1, 4)),
        "times": int(draw.integers(1, 1 + (end - first + pause) // (length + pause))),
        "pause": pause,
        "most_starts": int(draw.integers(0, 4)),
        "value": float(draw.choice([np.inf, draw.uniform(0, 500_000)])),
    }


def table_of(runs):
    names = [name for name in runs[0] if name != "power_w"]
    columns = {name: np.array([run[name] for run in runs]) for name in names}
    power = np.concatenate([run["power_w"] for run in runs])
    return Runs(zone=np.zeros(len(runs), np.int64), power_w=power, **columns)


def test_equals_enumeration(cases, one_group):
    for case, draw, prices in cases("runs", (6, 11), 800):
        run = random_run(draw, len(prices))
        oracle = RunOracle.build(table_of([run]), one_group(1), len(prices), HOURS)
        answers = oracle.best(prices[None])
        value = answers.own_cost[0] + prices @ answers.energy[0]
        assert value == pytest.approx(least_cost(run, prices), abs=1e-9), (case, run)
        plan = oracle.plans(np.array([0]), prices)[0, 0]
        make = interruptible_plans if run["interruptible"] else uninterrupted_plans
        possible = [np.zeros_like(plan)] if np.isfinite(run["value"]) else []
        possible += [other for other, _ in make(run, len(prices))]
        assert np.abs(np.array(possible) - plan).max(axis=1).min() < 1e-12, case


def test_sums_plans_and_parts(agrees, cases):
    for _, draw, prices in cases("run-groups", (48, 48), 20):
        runs = [random_run(draw, 48) for _ in range(30)]
        layout = Layout(draw.permutation(30), np.array([0, 12, 12, 30]))
        oracle = RunOracle.build(table_of(runs), layout, 48, HOURS)
        agrees(oracle, np.stack([prices, prices + 0.1, prices * 2]))


def test_the_earliest_of_equals():
    run = two_steps()
    oracle = RunOracle.build(table_of([run]), Layout(np.array([0]), np.array([0, 1])), 8, HOURS)
    plan = oracle.plans(np.array([0]), np.full(8, 0.25))[0, 0]
    np.testing.assert_array_equal(np.flatnonzero(plan), [2, 3])
    assert not oracle.divisible


def two_steps():
    return {
        "first": 2,
        "end": 8,
        "length": 2,
        "power_w": np.full((1, 2), 1000.0),
        "interruptible": False,
        "min_on": 1,
        "min_off": 1,
        "times": 1,
        "pause": 0,
        "most_starts": 0,
        "value": np.inf,
    }
