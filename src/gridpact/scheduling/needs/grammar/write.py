"""From a need to the one sentence that says it."""

from __future__ import annotations

import re
from collections.abc import Callable

from gridpact.scheduling.needs.clock import clock_text, instant_text
from gridpact.scheduling.needs.directory import HOME
from gridpact.scheduling.needs.grammar.amounts import CYCLES, MONEY, WORTH
from gridpact.scheduling.needs.grammar.parse import LEVELS
from gridpact.scheduling.needs.grammar.subjects import DEMANDS, GROUPS
from gridpact.scheduling.needs.grammar.tokens import MONTHS
from gridpact.scheduling.needs.model import (
    Assets,
    Budget,
    Comfort,
    Cycles,
    Direction,
    EnergyWithin,
    Headroom,
    HotWater,
    Intervention,
    Need,
    PowerCap,
    PowerFloor,
    Quiet,
    Run,
    RunRest,
    Starts,
    StateOfCharge,
    Subject,
    Unavailable,
)
from gridpact.scheduling.needs.times import DAY_S, WEEKDAYS, Moment, Window
from gridpact.scheduling.priorities.levels import Level

_WORD = re.compile(r"[^\W\d][\w-]*(\.[\w-]+)*")
_WEEKDAYS = {(1, 2, 3, 4, 5): "weekdays", (6, 7): "weekends"}


def sentence(need: Need) -> str:
    """Write a need as a sentence that :func:`.parse.parse` reads as the same value.

    Identifier, owner and note are not part of it.
    """
    said = f"{_subject(need.subject)} {_demand(need)}"
    if isinstance(need, Run) and need.most_cost_nano is not None:
        said += f", cost <= {number(need.most_cost_nano, MONEY)}"
    if need.level is not Level.NEEDS:
        said += f", {next(word for word, level in LEVELS.items() if level == need.level)}"
    if need.worth_micro is not None:
        said += f", worth {number(need.worth_micro, WORTH)}"
    return said


def number(value: int, factor: int) -> str:
    """Write ``value / factor`` exactly, as a decimal; ``factor`` is a power of ten."""
    whole, rest = divmod(abs(value), factor)
    digits = f"{rest:0{len(str(factor)) - 1}}".rstrip("0") if rest else ""
    return ("-" if value < 0 else "") + str(whole) + (f".{digits}" if digits else "")


def energy_text(wh: int) -> str:
    """Write energy in kWh."""
    return f"{number(wh, 1000)} kWh"


def power_text(watts: int) -> str:
    """Write power in kW."""
    return f"{number(watts, 1000)} kW"


def duration_text(seconds: int) -> str:
    """Write a duration in hours, minutes and seconds."""
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def date_text(text: str) -> str:
    """Write a date such as 2026-04-23 as 23 April 2026."""
    year, month, day = (int(part) for part in text.split("-"))
    return f"{day} {MONTHS[month - 1]} {year}"


def moment_text(moment: Moment) -> str:
    """Write a moment, with ``at``."""
    return f"at {clock_text(moment.time_s)}{_days(moment.date, moment.weekdays)}"


def window_text(window: Window) -> str:
    """Write a window."""
    said = f"{clock_text(window.begin_s)}-{clock_text(window.end_s % DAY_S)}"
    if (window.begin_s, window.end_s) == (0, DAY_S):
        said = "all day"
    if window.first_date is not None and window.first_date == window.last_date:
        return said + _days(window.first_date, ())
    said += _days(None, window.weekdays)
    said += f" from {date_text(window.first_date)}" if window.first_date is not None else ""
    return said + (f" until {date_text(window.last_date)}" if window.last_date is not None else "")


def _days(day: str | None, weekdays: tuple[int, ...]) -> str:
    if day is not None:
        return f" on {date_text(day)}"
    if not weekdays:
        return ""
    return " on " + _WEEKDAYS.get(weekdays, ",".join(WEEKDAYS[day - 1] for day in weekdays))


def _subject(subject: Subject) -> str:
    if isinstance(subject, Assets):
        return ",".join(_name(name, GROUPS) for name in subject.ids)
    if not subject.names:
        return subject.by
    if all(name.startswith(HOME) for name in subject.names):  # of agreements; nobody writes these
        return ",".join(name.removeprefix(HOME) for name in subject.names)
    return f"{subject.by} " + ",".join(
        name if name.isascii() and name.isdigit() else _name(name) for name in subject.names
    )


def _name(name: str, taken: tuple[str, ...] = ()) -> str:
    """Write a name, in quotes where it would read as something else."""
    plain = _WORD.fullmatch(name) and name.lower() not in (*DEMANDS, *taken)
    return name if plain else f'"{name}"'


def _bounds(low: int | None, high: int | None, write: Callable[[int], str]) -> str:
    if low is None:
        return f"<= {write(high or 0)}"
    if high is None:
        return f">= {write(low)}"
    return f"{write(low).partition(' ')[0].rstrip('%')}..{write(high)}"


def _percent(ppm: int) -> str:
    return f"{number(ppm, 10_000)}%"


def _degrees(milli: int) -> str:
    return f"{number(milli, 1000)} C"


def _flow(direction: Direction) -> str:
    return "gives " if direction is Direction.GIVE else ""


def _demand(need: Need) -> str:
    """What is asked, by kind."""
    match need:
        case StateOfCharge() | EnergyWithin() | PowerCap() | PowerFloor() | Comfort() | HotWater():
            return _amounts(need)
        case Run():
            times = f" {need.times} times" if need.times > 1 else ""
            how = "interruptible" if need.interruptible else "uninterrupted"
            return f"{duration_text(need.duration_s)}{times} {window_text(need.window)} {how}"
        case Quiet():
            return f"quiet {window_text(need.window)}"
        case Unavailable():
            return f"unavailable {window_text(need.window)}"
        case Intervention():
            return _intervention(need)
        case RunRest() | Starts() | Cycles() | Budget() | Headroom():
            return _working(need)


def _amounts(
    need: StateOfCharge | EnergyWithin | PowerCap | PowerFloor | Comfort | HotWater,
) -> str:
    match need:
        case StateOfCharge():
            return f"{_state(need)} {moment_text(need.at)}"
        case EnergyWithin(window=window):
            asked = _bounds(need.least_wh, need.most_wh, energy_text)
            flow = "takes " if need.direction is Direction.TAKE else "gives "
            return f"{flow}{asked} {window_text(window)}"
        case PowerCap(window=window):
            return f"{_flow(need.direction)}<= {power_text(need.most_w)} {window_text(window)}"
        case PowerFloor(window=window):
            return f"{_flow(need.direction)}>= {power_text(need.least_w)} {window_text(window)}"
        case Comfort(window=window):
            return f"{_bounds(need.low_mc, need.high_mc, _degrees)} {window_text(window)}"
        case HotWater():
            warm = _degrees(need.temperature_mc)
            return f"{need.litres} l at {warm} {moment_text(need.at)}"


def _state(need: StateOfCharge) -> str:
    shares = (need.least_ppm, need.most_ppm) != (None, None)
    energies = (need.least_wh, need.most_wh) != (None, None)
    if shares and energies:
        raise ValueError("no sentence says bounds as a share and in kWh; write two needs")
    if shares:
        return _bounds(need.least_ppm, need.most_ppm, _percent)
    return _bounds(need.least_wh, need.most_wh, energy_text)


def _working(need: RunRest | Starts | Cycles | Budget | Headroom) -> str:
    match need:
        case RunRest():
            asked = (("runs", need.least_run_s), ("rests", need.least_rest_s))
            return " and ".join(f"{word} >= {duration_text(s)}" for word, s in asked if s)
        case Starts():
            return f"starts <= {need.most} {window_text(need.window)}"
        case Cycles(per_day_ppm=int(daily)):
            return f"cycles <= {number(daily, CYCLES)} per day"
        case Cycles():
            return f"throughput <= {energy_text(need.throughput_wh_per_year or 0)} per year"
        case Budget():
            return f"cost <= {number(need.most_nano, MONEY)} {window_text(need.window)}"
        case Headroom():
            ways = [(way, watts) for way, watts in (("up", need.up_w), ("down", need.down_w))]
            kept = " and ".join(f"{way} {power_text(watts)}" for way, watts in ways if watts)
            return f"keeps {kept} for {duration_text(need.sustained_s)} {window_text(need.window)}"


def _intervention(need: Intervention) -> str:
    target = f" at {power_text(need.target_w)}" if need.target_w is not None else ""
    begin, end = instant_text(need.begin), instant_text(need.end)
    return f"{need.action}{target} from {begin} until {end}"
