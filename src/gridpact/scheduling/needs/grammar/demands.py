"""What a sentence asks, by its first word or by the unit of its number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.grammar.amounts import (
    COUNT,
    CYCLES,
    DURATION,
    MONEY,
    Bounds,
    amount,
    bounds,
    duration,
    plain,
)
from gridpact.scheduling.needs.grammar.cursor import Cursor
from gridpact.scheduling.needs.grammar.days import (
    instant,
    moment,
    starts_moment,
    starts_window,
    window,
)
from gridpact.scheduling.needs.grammar.subjects import DEMANDS
from gridpact.scheduling.needs.grammar.tokens import Misread
from gridpact.scheduling.needs.model import (
    Action,
    Asked,
    Budget,
    Comfort,
    Cycles,
    Direction,
    EnergyWithin,
    Headroom,
    HotWater,
    Intervention,
    PowerCap,
    PowerFloor,
    Quiet,
    Run,
    RunRest,
    Starts,
    StateOfCharge,
    Unavailable,
)
from gridpact.scheduling.needs.times import DAY_S, Moment, Window

Value: TypeAlias = "int | bool | Moment | Window | Direction | Action | None"
Demand: TypeAlias = tuple[type[Asked], dict[str, Value]]
"""A kind of need and its own fields."""
Reader: TypeAlias = Callable[[Cursor, Context], Demand]


def demand(cursor: Cursor, context: Context) -> Demand:
    """Read what is asked."""
    if cursor.next.kind == "sign":
        return _by_unit(cursor, context, None)
    if cursor.next.kind in ("number", "dash"):
        return _by_number(cursor, context)
    word = cursor.next.text.lower()
    if cursor.next.kind != "word" or word not in DEMANDS:
        cursor.fail("what is asked, such as >= 80% or quiet", DEMANDS)
    cursor.take()
    if word in ("takes", "gives"):
        direction = Direction.TAKE if word == "takes" else Direction.GIVE
        return _by_unit(cursor, context, direction)
    if word in tuple(Action):
        return _intervention(cursor, context, Action(word))
    return _READERS[word](cursor, context)


def _by_number(cursor: Cursor, context: Context) -> Demand:
    """Tell a range from a duration and from litres."""
    if cursor.next.kind == "number" and cursor.after.text in DURATION:
        return _run(cursor, context)
    if cursor.next.kind == "number" and cursor.after.text == "l":
        return _hot_water(cursor, context)
    if cursor.next.kind == "number" and cursor.after.kind in ("word", "percent"):
        _refuse_bare(cursor)
    return _by_unit(cursor, context, None)


def _refuse_bare(cursor: Cursor) -> None:
    """Refuse an amount without a sign, but a duration or litres."""
    number, unit = cursor.next, cursor.after
    column = number.column
    written = f"{number.text} {unit.text}"
    amount(cursor, "share", "energy", "power", "temperature", "duration", "water")
    fix = f"write >= {written} or <= {written}"
    raise Misread(column, f"{written} may be the least or the most", fix)


def _by_unit(cursor: Cursor, context: Context, direction: Direction | None) -> Demand:
    asked = bounds(cursor)
    way = direction or Direction.TAKE
    if direction is not None and asked.dimension not in ("energy", "power"):
        problem = f"a {asked.dimension} is neither taken nor given"
        raise Misread(asked.column, problem, "leave takes and gives out")
    if asked.dimension == "power":
        return _power(cursor, context, asked, way)
    if asked.dimension == "temperature":
        times = window(cursor, context)
        return Comfort, {"window": times, "low_mc": asked.low, "high_mc": asked.high}
    if asked.dimension == "energy" and (direction is not None or starts_window(cursor)):
        times = window(cursor, context)
        own: dict[str, Value] = {"window": times, "direction": way}
        return EnergyWithin, own | {"least_wh": asked.low, "most_wh": asked.high}
    return _state(cursor, context, asked)


def _state(cursor: Cursor, context: Context, asked: Bounds) -> Demand:
    if not starts_moment(cursor):
        expected = "at or by and a time" + (
            ", or a window such as 18:00-20:00" if asked.dimension == "energy" else ""
        )
        cursor.fail(expected, ("at", "by"))
    unit = "ppm" if asked.dimension == "share" else "wh"
    at = moment(cursor, context)
    return StateOfCharge, {"at": at, f"least_{unit}": asked.low, f"most_{unit}": asked.high}


def _power(cursor: Cursor, context: Context, asked: Bounds, way: Direction) -> Demand:
    if starts_moment(cursor):
        fix = "write kWh for what is stored then, or a window such as 18:00-20:00"
        cursor.fail("a window, as power lasts", fix=fix)
    if asked.low is not None and asked.high is not None:
        fix = "write one sentence with >= and one with <="
        raise Misread(asked.column, "found a range of power", fix)
    always = cursor.next.kind in ("end", "comma")
    times = Window(0, DAY_S) if always else window(cursor, context)
    if asked.low is None:
        return PowerCap, {"window": times, "direction": way, "most_w": asked.high}
    if asked.low == 0:
        raise Misread(asked.column, ">= 0 asks for nothing", "write a power above 0, or <= 0")
    return PowerFloor, {"window": times, "direction": way, "least_w": asked.low}


def _run(cursor: Cursor, context: Context) -> Demand:
    lasts, times = duration(cursor), 1
    if cursor.next.kind == "number":
        times = plain(cursor, COUNT, "1 time")
        cursor.word("times")
    asked = window(cursor, context)
    apart = cursor.is_word("interruptible")
    cursor.skip("interruptible", "uninterrupted")
    own: dict[str, Value] = {"window": asked, "duration_s": lasts}
    return Run, own | {"times": times, "interruptible": apart}


def _hot_water(cursor: Cursor, context: Context) -> Demand:
    litres = amount(cursor, "water").value
    cursor.word("at")
    warm = amount(cursor, "temperature").value
    at = moment(cursor, context)
    return HotWater, {"at": at, "litres": litres, "temperature_mc": warm}


def _runs(cursor: Cursor, _: Context) -> Demand:
    _sign(cursor, ">=")
    own: dict[str, Value] = {"least_run_s": duration(cursor)}
    if cursor.skip("and"):
        cursor.word("rests")
        _sign(cursor, ">=")
        own["least_rest_s"] = duration(cursor)
    return RunRest, own


def _rests(cursor: Cursor, _: Context) -> Demand:
    _sign(cursor, ">=")
    return RunRest, {"least_rest_s": duration(cursor)}


def _starts(cursor: Cursor, context: Context) -> Demand:
    _sign(cursor, "<=")
    most = plain(cursor, COUNT, "1 start")
    return Starts, {"window": window(cursor, context), "most": most}


def _cycles(cursor: Cursor, _: Context) -> Demand:
    _sign(cursor, "<=")
    own: dict[str, Value] = {"per_day_ppm": plain(cursor, CYCLES, "0.000001 cycles")}
    cursor.word("per")
    cursor.word("day")
    return Cycles, own


def _throughput(cursor: Cursor, _: Context) -> Demand:
    _sign(cursor, "<=")
    own: dict[str, Value] = {"throughput_wh_per_year": amount(cursor, "energy").value}
    cursor.word("per")
    cursor.word("year")
    return Cycles, own


def _budget(cursor: Cursor, context: Context) -> Demand:
    _sign(cursor, "<=")
    most = plain(cursor, MONEY, "0.000000001")
    return Budget, {"window": window(cursor, context), "most_nano": most}


def _keeps(cursor: Cursor, context: Context) -> Demand:
    own: dict[str, Value] = {}
    while True:
        column = cursor.next.column
        way = cursor.word("up", "down")
        if f"{way}_w" in own:
            raise Misread(column, f"{way} comes twice", "name it once")
        own[f"{way}_w"] = amount(cursor, "power").value
        if not cursor.skip("and"):
            break
    cursor.word("for")
    own["sustained_s"] = duration(cursor)
    return Headroom, own | {"window": window(cursor, context)}


def _quiet(cursor: Cursor, context: Context) -> Demand:
    return Quiet, {"window": window(cursor, context)}


def _unavailable(cursor: Cursor, context: Context) -> Demand:
    return Unavailable, {"window": window(cursor, context)}


def _intervention(cursor: Cursor, context: Context, action: Action) -> Demand:
    target = None
    if cursor.is_word("at") and action in (Action.CHARGE, Action.SUPPLY):
        cursor.take()
        target = amount(cursor, "power").value
    begin = instant(cursor, context, context.now) if cursor.skip("from") else context.now
    cursor.word("until")
    end = instant(cursor, context, begin)
    return Intervention, {"action": action, "begin": begin, "end": end, "target_w": target}


def _sign(cursor: Cursor, sign: str) -> None:
    if cursor.next.text != sign:
        cursor.fail(sign)
    cursor.take()


_READERS: dict[str, Reader] = {
    "runs": _runs,
    "rests": _rests,
    "starts": _starts,
    "cycles": _cycles,
    "throughput": _throughput,
    "cost": _budget,
    "keeps": _keeps,
    "quiet": _quiet,
    "unavailable": _unavailable,
    "away": _unavailable,
}
