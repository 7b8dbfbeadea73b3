"""Needs of every kind, drawn by Hypothesis, and a small community's directory."""

from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import strategies as st

from gridpact.scheduling.needs import model
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.model import Action, Assets, Direction, Group
from gridpact.scheduling.needs.times import DAY_S, Moment, Window
from gridpact.scheduling.priorities.levels import Level

NOW = 1_767_225_600  # 2026-01-01T00:00Z
WH = st.integers(0, 10**12)
WATTS = st.integers(1, 10**12)
PPM = st.integers(0, 1_000_000)
SECONDS = st.integers(1, 30 * 86_400)
NANO = st.integers(0, 10**18)
MILLI_C = st.integers(-50_000, 120_000)
DATES = st.dates(date(2026, 6, 1), date(2099, 12, 31)).map(lambda day: day.isoformat())
WEEKDAYS = st.sets(st.integers(1, 7), max_size=6).map(lambda days: tuple(sorted(days)))
TIMES = st.integers(0, 1439).map(lambda minute: minute * 60) | st.integers(0, DAY_S - 1)
NAMES = st.one_of(
    st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,6}", fullmatch=True),
    st.sampled_from(["zone", "Quiet", "community", "10115", "7 up", "a,b", "5/6", "é", ">=", "at"]),
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=6)
    .filter(lambda name: '"' not in name),
)  # fmt: skip
NAME_LISTS = st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple)
SUBJECTS = st.one_of(
    NAME_LISTS.map(Assets),
    st.builds(
        Group,
        st.sampled_from(["tag", "kind", "zone", "postcode", "feeder", "transformer"]),
        NAME_LISTS,
    ),
    st.just(Group("community")),
)


@st.composite
def moments(draw):
    day = draw(st.none() | DATES)
    return Moment(draw(TIMES), day, () if day else draw(WEEKDAYS))


@st.composite
def windows(draw, at_least_s=1):
    begin, end = draw(TIMES), draw(TIMES)
    begin, end = (0, DAY_S) if draw(st.booleans()) or begin == end == 0 else (begin, end)
    if (end - begin) % DAY_S < at_least_s or (end == begin != 0):
        begin, end = 0, DAY_S
    first, last = draw(st.none() | DATES), draw(st.none() | DATES)
    if first and last:
        first, last = sorted((first, last))
    weekdays = draw(WEEKDAYS) if not first or first != last else ()
    return Window(begin, end, first, last, weekdays)


def one_side(low, high):
    """Both bounds in order, or one of them."""

    def sides(pair):
        pair = sorted(pair)
        return st.sampled_from([tuple(pair), (pair[0], None), (None, pair[1])])

    return st.tuples(low, high).flatmap(sides)


@st.composite
def own_fields(draw, kind):
    at, window = draw(moments()), draw(windows())
    shares, energies = draw(one_side(PPM, PPM)), draw(one_side(WH, WH))
    direction = draw(st.sampled_from(list(Direction)))
    warm = draw(one_side(MILLI_C, MILLI_C))
    if kind is model.StateOfCharge:
        unit, pair = draw(st.sampled_from([("ppm", shares), ("wh", energies)]))
        return {"at": at, f"least_{unit}": pair[0], f"most_{unit}": pair[1]}
    if kind is model.EnergyWithin:
        low, high = energies
        return {"window": window, "direction": direction, "least_wh": low, "most_wh": high}
    if kind is model.Run:
        times = draw(st.integers(1, 3))
        lasts = draw(st.integers(1, window.length_s // times))
        cost = draw(st.none() | NANO)
        apart = draw(st.booleans())
        own = {"window": window, "duration_s": lasts, "times": times, "most_cost_nano": cost}
        return own | {"interruptible": apart}
    if kind is model.Cycles:
        field = draw(st.sampled_from(["per_day_ppm", "throughput_wh_per_year"]))
        return {field: draw(st.integers(0, 10**9))}
    if kind is model.Intervention:
        begin = draw(st.integers(NOW + 1, NOW + 10**9))
        action = draw(st.sampled_from(list(Action)))
        target = draw(st.none() | WATTS) if action in ("charge", "supply") else None
        own = {"action": action, "begin": begin, "end": begin + draw(SECONDS)}
        return own | {"target_w": target}
    two = draw(st.tuples(SECONDS, SECONDS) | st.sampled_from([(0, 60), (60, 0)]))
    up, down = draw(st.tuples(WATTS, WATTS) | st.sampled_from([(0, 7), (7, 0)]))
    fields = {
        model.PowerCap: {"direction": direction, "most_w": draw(WATTS) - 1},
        model.PowerFloor: {"direction": direction, "least_w": draw(WATTS)},
        model.Comfort: {"low_mc": warm[0], "high_mc": warm[1]},
        model.HotWater: {"at": at, "litres": draw(WATTS), "temperature_mc": draw(MILLI_C)},
        model.Quiet: {},
        model.RunRest: {"least_run_s": two[0], "least_rest_s": two[1]},
        model.Starts: {"most": draw(st.integers(0, 100))},
        model.Budget: {"most_nano": draw(NANO)},
        model.Headroom: {"up_w": up, "down_w": down, "sustained_s": draw(SECONDS)},
        model.Unavailable: {},
    }[kind]
    timeless = kind in (model.RunRest, model.HotWater)
    return fields if timeless else fields | {"window": window}


@st.composite
def needs(draw, kinds=model.KINDS):
    """A need of any kind that a sentence can say, without faults."""
    kind = draw(st.sampled_from(kinds))
    worth = draw(st.none() | st.integers(0, 10**15))
    return kind(
        owner="home-1",
        subject=draw(SUBJECTS),
        level=draw(st.sampled_from(list(Level))),
        hard=worth is None,
        worth_micro=worth,
        **draw(own_fields(kind)),
    )


def asset(name, owner, kind, **own):
    return Asset(id=name, owner=owner, kind=kind, **own)


@pytest.fixture(scope="session")
def directory():
    return Directory(
        assets=(
            asset("battery-1", "home-1", "battery", zone="PL", capacity_wh=10_000,
                  charge_w=5_000, discharge_w=5_000),
            asset("car-11", "home-1", "car", zone="PL", tags=("garage",), postcode="10115"),
            asset("car-12", "home-1", "car", zone="PL", tags=("garage",), postcode="10115"),
            asset("car-21", "home-2", "car", zone="TR-1", transformer="T7"),
            asset("heat-1", "home-1", "heat_pump", zone="PL"),
            asset("washer-1", "home-1", "run", zone="PL", charge_w=2_000),
        ),
        zones={"top": "", "PL": "top", "TR": "top", "TR-1": "TR"},
        operators=frozenset({"dso"}),
    )  # fmt: skip


@pytest.fixture(scope="session")
def said():
    """What tests share: strategies, and the context of a sentence."""
    return SimpleNamespace(
        needs=needs,
        moments=moments,
        windows=windows,
        now=NOW,
        context=Context("home-1", NOW, "Europe/Berlin"),
        at=lambda now, zone="Europe/Berlin", directory=None, owner="home-1": Context(
            owner, now, zone, directory
        ),
    )
