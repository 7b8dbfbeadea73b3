"""Plain costs of plans written out, and all plans of small appliances, generators and storage."""

import itertools
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import linprog

FLEET = Path(__file__).parents[1] / "fleet"
PENALTY = 5_000_000.0
"""What missing a limit costs in these tests [µ¤/kWh]."""


def _load(path):
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def fleets():
    """Random fleets of every class."""
    return _load(FLEET / "fleets.py")


@pytest.fixture(scope="session")
def written_out():
    """The mathematical programme of continuous classes, entry by entry, for another solver."""
    return _load(FLEET / "engine" / "conftest.py").optimum


def cost(fleet, prices, energy):
    """Cost [nano-¤] of one zone whose assets take ``energy`` [slots] Wh, limits at the penalty."""
    net = energy + fleet.zones.load_wh[0]
    total = 0.0
    for slot, wh in enumerate(net):
        buy, sell = prices.buy[0][slot], prices.sell[0][slot]
        total += buy * wh if wh > 0 else sell * wh
        most = fleet.zones.import_limit_w[0] * fleet.hours
        least = -fleet.zones.export_limit_w[0] * fleet.hours
        total += PENALTY * (max(wh - most, 0.0) + max(least - wh, 0.0))
    return total


def run_plans(table, row, slots, hours):
    """All plans of one run [plans, slots] Wh with what each earns."""
    plans = [] if np.isinf(table.value[row]) else [(np.zeros(slots), 0.0)]
    window = range(int(table.first[row]), int(table.end[row]))
    length, value = int(table.length[row]), table.value[row]
    worth = 0.0 if np.isinf(value) else value * 1000
    power = table.power_w[row] * hours
    if table.interruptible[row]:
        for chosen in itertools.combinations(window, length):
            if _stretches_fit(chosen, table, row):
                plan = np.zeros(slots)
                plan[list(chosen)] = power[0]
                plans.append((plan, -worth))
        return plans
    times, apart = int(table.times[row]), length + int(table.pause[row])
    counts = [times] if np.isinf(value) else range(1, times + 1)
    for count in counts:
        for starts in itertools.combinations(window, count):
            gaps = np.diff(starts)
            if starts[-1] + length > window.stop or (gaps < apart).any():
                continue
            plan = np.zeros(slots)
            for start in starts:
                plan[start : start + length] += power[:length]
            plans.append((plan, -worth * count))
    return plans


def _stretches_fit(chosen, table, row):
    breaks = [0, *(np.flatnonzero(np.diff(chosen) > 1) + 1).tolist(), len(chosen)]
    lengths = np.diff(breaks)
    pauses = [chosen[at] - chosen[at - 1] - 1 for at in breaks[1:-1]]
    most = int(table.most_starts[row])
    return (
        (lengths >= table.min_on[row]).all()
        and all(pause >= table.min_off[row] for pause in pauses)
        and (not most or len(lengths) <= most)
    )


def patterns(table, row, slots):
    """All on-and-off patterns of a generator that keep its least times, with their starts."""
    before = int(table.before[row])
    for pattern in itertools.product([False, True], repeat=slots):
        state, length, starts, fine = before > 0, abs(before), 0, True
        for now in pattern:
            if now == state:
                length += 1
                continue
            fine &= length >= (table.min_up[row] if state else table.min_down[row])
            starts += now
            state, length = now, 1
        if fine:
            yield np.array(pattern), starts


def commitment_cost(fleet, prices, on):
    """Least cost [nano-¤] of a generator's output in slots ``on``; infinite where none fits."""
    table, slots, hours = fleet.generators, fleet.slots, fleet.hours
    load, per_kwh = fleet.zones.load_wh[0], table.fuel[0]
    buy, sell = prices.buy[0], prices.sell[0]
    most, least = on * table.max_w[0] * hours, on * table.min_w[0] * hours
    # columns: output, bought, sold, import missed, export missed; all by slot
    identity, none = np.eye(slots), np.zeros((slots, slots))
    costs = np.concatenate([np.full(slots, per_kwh), buy, -sell, np.full(2 * slots, PENALTY)])
    balance = np.hstack([identity, identity, -identity, none, none])
    ramp = np.diff(identity, axis=0)[on[1:] & on[:-1]]
    wide = np.hstack([ramp, np.zeros((len(ramp), 4 * slots))])
    limits = np.vstack(
        [
            wide,
            -wide,
            np.hstack([-identity, none, none, -identity, none]),
            np.hstack([identity, none, none, none, -identity]),
        ]
    )
    bound = np.concatenate(
        [
            np.full(2 * len(ramp), min(table.ramp_w[0] * hours, 1e9)),
            fleet.zones.import_limit_w[0] * hours - load,
            fleet.zones.export_limit_w[0] * hours + load,
        ]
    )
    free = [(0, None)] * (4 * slots)
    outputs = list(zip(least, most, strict=True))
    found = linprog(costs, limits, bound, balance, load, outputs + free)
    return found.fun if found.status == 0 else np.inf


def storage_plans(table, slots, hours):
    """All plans [slots] Wh net of one lossless storage whose powers come in whole steps."""
    levels = [0.0]
    for way, sign in (("charge", 1), ("discharge", -1)):
        most, least, step = (
            getattr(table, f"{way}{end}")[0] for end in ("_w", "_min_w", "_step_w")
        )
        power = least or step
        while 0 < power <= most:
            levels.append(sign * power * hours)
            power += step
    for plan in itertools.product(levels, repeat=slots):
        state = table.initial_wh[0] + np.cumsum(plan)
        inside = (state >= table.lo_wh[0] - 1e-9) & (state <= table.hi_wh[0] + 1e-9)
        steady = np.abs(np.diff(plan)) <= table.ramp_w[0] * hours + 1e-9
        if inside.all() and steady.all():
            yield np.array(plan)


@pytest.fixture(scope="session")
def enumerated():
    """All plans of small things, and what a plan costs."""
    return SimpleNamespace(
        cost=cost,
        run_plans=run_plans,
        patterns=patterns,
        commitment_cost=commitment_cost,
        storage_plans=storage_plans,
        penalty=PENALTY,
    )
