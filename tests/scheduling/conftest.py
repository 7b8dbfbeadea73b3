"""Problems, drawn and hand-made, and two slow ways to solve them that share nothing with solve."""

import itertools
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.problem import Problem, RunColumns, StorageColumns, ZoneColumns


def build(load, pv=0, buy=300_000, sell=80_000, position=0, storage=(), runs=(), zones=()):
    """A problem from plain values: scalars spread over [homes, slots], rows given as dicts.

    Storage rows: home and any of start, charge, discharge, lo, hi, draw, into, out, kept. Runs are
    tuples (home, energy, length, earliest, latest). Zones: dicts with homes, parent, buy, sell.
    """
    load = np.atleast_2d(np.asarray(load, np.int64))
    spread = [
        np.broadcast_to(np.asarray(x, np.int64), load.shape) for x in (pv, position, buy, sell)
    ]
    zone = np.full(len(load), -1, np.int64)
    for row, item in enumerate(zones):
        zone[list(item["homes"])] = row
    return Problem(
        slots=Slots(0, 900, load.shape[1]),
        load_wh=load,
        pv_wh=spread[0],
        position_wh=spread[1],
        import_price=spread[2],
        export_price=spread[3],
        storage=_storage(storage, load.shape[1]),
        runs=RunColumns(*np.array(list(runs), np.int64).reshape(-1, 5).T),
        zones=ZoneColumns(
            zone,
            np.array([item.get("parent", -1) for item in zones], np.int64),
            _table([item.get("buy", -1) for item in zones], load.shape[1]),
            _table([item.get("sell", -1) for item in zones], load.shape[1]),
        ),
    )


def _table(rows, slots):
    wide = [np.broadcast_to(np.asarray(row, np.int64), slots) for row in rows]
    return np.array(wide, np.int64).reshape(len(rows), slots)


def _storage(rows, slots):
    def wh(name, default=0):
        return np.array([row.get(name, default) for row in rows], np.int64)

    def table(name, default):
        return _table([row.get(name, default) for row in rows], slots)

    def share(name):
        return np.array([row.get(name, 1.0) for row in rows], float)

    return StorageColumns(
        home=wh("home"),
        initial_wh=wh("start"),
        charge_max_wh=table("charge", 0),
        discharge_max_wh=table("discharge", 0),
        lo_wh=table("lo", 0),
        hi_wh=table("hi", 10_000),
        draw_wh=table("draw", 0),
        efficiency_in=share("into"),
        efficiency_out=share("out"),
        kept=share("kept"),
    )


@pytest.fixture(scope="session")
def problem_of():
    return build


def whole(low, high):
    return st.integers(low, high)


def series(slots, low, high):
    return st.lists(whole(low, high), min_size=slots, max_size=slots)


@st.composite
def any_problem(draw, homes=3, slots=8, lossless=False, scale=1000, zoned=True):
    """Random problems of every kind: all storage, negative and flat prices, positions, zones."""
    homes, slots = draw(whole(1, homes)), draw(whole(2, slots))

    def rows(low, high):
        return [draw(series(slots, low, high)) for _ in range(homes)]

    flat = draw(st.booleans())
    buy = draw(whole(-50, 300)) if flat else draw(series(slots, -100, 400))
    sell = draw(st.sampled_from(["below", "any", "negative"]))
    buy = np.asarray(buy) * 1000
    sell = {
        "below": lambda: np.minimum(buy - 50_000, 100_000),
        "any": lambda: np.asarray(draw(series(slots, -100, 400))) * 1000,
        "negative": lambda: np.minimum(buy, -20_000),
    }[sell]()
    return build(
        load=rows(0, scale),
        pv=rows(0, 2 * scale) if draw(st.booleans()) else 0,
        buy=buy,
        sell=sell,
        position=rows(-scale, scale) if draw(st.booleans()) else 0,
        storage=[
            draw(_any_storage(homes, slots, lossless, scale)) for _ in range(draw(whole(0, 3)))
        ],
        runs=[draw(_any_run(homes, slots, scale)) for _ in range(draw(whole(0, 2)))],
        zones=draw(_any_zones(homes, slots, scale)) if zoned and draw(st.booleans()) else (),
    )


@st.composite
def _any_storage(draw, homes, slots, lossless, scale):
    size = draw(whole(scale, 4 * scale))
    tight = draw(st.booleans())
    efficiency = st.just(1.0) if lossless else st.sampled_from([1.0, 0.97, 0.9, 0.8])
    return {
        "home": draw(whole(0, homes - 1)),
        "start": draw(whole(0, size)),
        "charge": draw(series(slots, 0, scale)),
        "discharge": draw(st.one_of(st.just(0), series(slots, 0, scale))),
        "lo": draw(series(slots, 0, size // 2)) if tight else 0,
        "hi": draw(series(slots, size // 2, size)) if tight else size,
        "draw": draw(st.one_of(st.just(0), series(slots, 0, scale // 4))),
        "into": draw(efficiency),
        "out": draw(efficiency),
        "kept": 1.0 if lossless else draw(st.sampled_from([1.0, 0.999, 0.95])),
    }


@st.composite
def _any_run(draw, homes, slots, scale):
    length = draw(whole(1, slots))
    earliest = draw(whole(0, slots - length))
    latest = draw(whole(earliest, slots))
    return (draw(whole(0, homes - 1)), draw(whole(1, scale)), length, earliest, latest)


@st.composite
def _any_zones(draw, homes, slots, scale):
    def limit():
        some = st.one_of(st.just(-1), whole(0, 2 * scale), series(slots, -1, 3 * scale))
        return draw(some)

    split = draw(whole(0, homes))
    return [
        {"homes": [], "buy": limit(), "sell": limit()},
        {"homes": range(split), "parent": 0, "buy": limit(), "sell": limit()},
        {"homes": range(split, homes), "parent": 0, "buy": limit(), "sell": limit()},
    ]


@pytest.fixture(scope="session")
def problems():
    return any_problem


@pytest.fixture(scope="session")
def dense():
    """Solve a problem as one dense programme, see ``dense.py`` beside this file."""
    spec = spec_from_file_location("dense", Path(__file__).parent / "dense.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def one_by_one():
    return enumerate_whole


def enumerate_whole(problem):
    """Least (energy above limits, cost) of a lossless problem, or None where needs clash.

    A dynamic programme over all whole states of all storage, for each choice of starts; in each
    slot every whole charge and curtailment is tried. Only for a handful of Wh and slots.
    """
    runs, slots = problem.runs, problem.load_wh.shape[1]
    starts = [
        range(int(first), min(int(last), slots - int(length)) + 1)
        for first, last, length in zip(runs.earliest, runs.latest, runs.length, strict=True)
    ]
    return min(
        (best for choice in itertools.product(*starts) if (best := _walk(problem, choice))),
        default=None,
    )


def _walk(problem, choice):
    base = problem.load_wh - problem.pv_wh
    for run, start in enumerate(choice):
        base[problem.runs.home[run], start : start + problem.runs.length[run]] += (
            problem.runs.energy_wh[run]
        )
    table = problem.storage
    slots = base.shape[1]

    @cache
    def onward(slot, states):
        if slot == slots:
            return (0, 0)
        best = None
        for moves in itertools.product(
            *(
                range(-int(most_out), int(most_in) + 1)
                for most_in, most_out in zip(
                    table.charge_max_wh[:, slot], table.discharge_max_wh[:, slot], strict=True
                )
            )
        ):
            after = tuple(
                state + move - int(draw)
                for state, move, draw in zip(states, moves, table.draw_wh[:, slot], strict=True)
            )
            if any(a < l for a, l in zip(after, table.lo_wh[:, slot], strict=True)):  # noqa: E741
                continue
            if any(a > h for a, h in zip(after, table.hi_wh[:, slot], strict=True)):
                continue
            rest = onward(slot + 1, after)
            if rest is None:
                continue
            now = _slot(problem, base, slot, moves)
            total = (now[0] + rest[0], now[1] + rest[1])
            best = total if best is None else min(best, total)
        return best

    return onward(0, tuple(int(start) for start in table.initial_wh))


def _slot(problem, base, slot, moves):
    """Least (above, cost) of a slot over all whole curtailments."""
    need = base[:, slot].copy()
    np.add.at(need, problem.storage.home, np.array(moves, np.int64))
    options = []
    for curtail in itertools.product(*(range(int(pv) + 1) for pv in problem.pv_wh[:, slot])):
        net = need + curtail
        cost = 0
        for home, open_wh in enumerate((net - problem.position_wh[:, slot]).tolist()):
            price = problem.import_price if open_wh > 0 else problem.export_price
            cost += open_wh * int(price[home, slot])
        options.append((_above(problem, net, slot), cost))
    return min(options)


def _above(problem, net, slot):
    zones, total = problem.zones, 0
    for zone in range(len(zones.parent)):
        flow = sum(int(wh) for home, wh in enumerate(net) if _within(zones, home, zone))
        for limit, signed in (
            (int(zones.import_limit_wh[zone, slot]), flow),
            (int(zones.export_limit_wh[zone, slot]), -flow),
        ):
            total += max(signed - limit, 0) if limit >= 0 else 0
    return total


def _within(zones, home, zone):
    at = int(zones.zone[home])
    while at >= 0 and at != zone:
        at = int(zones.parent[at])
    return at == zone


def replace(problem, **changes):
    return msgspec.structs.replace(problem, **changes)
