"""What is wrong with a need taken by itself; everything is named together."""

from __future__ import annotations

from collections.abc import Iterator

from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.needs.model import (
    Action,
    Asked,
    Assets,
    Comfort,
    Cycles,
    EnergyWithin,
    Group,
    Headroom,
    Intervention,
    Need,
    Run,
    RunRest,
    StateOfCharge,
    Subject,
    kind_of,
)
from gridpact.scheduling.needs.times import (
    Finding,
    Moment,
    Window,
    moment_findings,
    window_findings,
)

LARGEST = 10**15
"""Energies, powers and durations beyond this lose whole units in float64."""
DEAREST = 2**62
"""Most money [nano-¤] and worth [µ¤]."""
COLDEST_MC, HOTTEST_MC = -100_000, 200_000
"""Temperatures of buildings, tanks and freezers [m°C]."""
LONGEST_S = 366 * 86_400
"""Longest duration [s]."""
LONGEST_TEXT = 500

AT_LEAST_ONE = {"least_w": 1, "duration_s": 1, "times": 1, "litres": 1}
"""Fields that must not be zero, with their least."""
MOST = {
    "least_ppm": 1_000_000,
    "most_ppm": 1_000_000,
    "per_day_ppm": 1_000_000_000,
    "most_cost_nano": DEAREST,
    "most_nano": DEAREST,
    "worth_micro": DEAREST,
    "duration_s": LONGEST_S,
    "sustained_s": LONGEST_S,
    "least_run_s": LONGEST_S,
    "least_rest_s": LONGEST_S,
    "times": 1000,
    "most": 100_000,
}
"""Largest of each field that has a limit of its own."""
SIGNS = {"most_w", "least_w", "least_wh", "most_wh"}
"""Fields that say how much flows; which way is said beside them."""


def faults_of(need: Need) -> tuple[Fault, ...]:
    """Return every fault of a need, each with its field and how to put it right."""
    name = need.id or kind_of(need)
    found = [*_common(need), *_fields(need)]
    if not found:
        found = [*_bounds(need), *_own(need)]
    return tuple(Fault("need", 0, f"{name}.{field}", what, fix) for field, what, fix in found)


def refuse_faulty(need: Need) -> None:
    """Raise BadInput with every fault of a need."""
    if faults := faults_of(need):
        raise BadInput(faults)


def _common(need: Asked) -> Iterator[Finding]:
    yield from _text("owner", need.owner, empty=False)
    yield from _text("id", need.id)
    yield from _text("note", need.note)
    yield from _subject(need.subject)
    if need.hard and need.worth_micro is not None:
        yield "worth_micro", "a hard need has no price", "leave it out, or say that it is soft"
    elif not need.hard and need.worth_micro is None:
        yield "worth_micro", "a soft need has no worth", "say what missing it may save"


def _text(field: str, text: str, empty: bool = True) -> Iterator[Finding]:
    if not text and not empty:
        yield field, "is empty", "give a name"
    if len(text) > LONGEST_TEXT:
        yield field, f"has {len(text)} characters", f"give no more than {LONGEST_TEXT}"
    if not text.isprintable():
        yield field, "has characters that cannot be printed", "leave them out"


def _subject(subject: Subject) -> Iterator[Finding]:
    names = subject.ids if isinstance(subject, Assets) else subject.names
    field = "subject.ids" if isinstance(subject, Assets) else "subject.names"
    whole = isinstance(subject, Group) and subject.by == "community"
    if whole and names:
        yield field, "the community has no parts here", "leave names out, or name zones"
    elif not whole and not names:
        yield field, "names nothing", "name at least one"
    if len(set(names)) < len(names):
        yield field, "names one twice", "name each once"
    for name in names:
        if not name or name != name.strip() or '"' in name or not name.isprintable():
            yield field, f"{name!r} is no name", "give printable characters without quotes"


def _fields(need: Asked) -> Iterator[Finding]:
    """Look through numbers, moments and windows."""
    for field in need.__struct_fields__:
        value = getattr(need, field)
        if isinstance(value, Moment):
            yield from moment_findings(field, value)
        elif isinstance(value, Window):
            yield from window_findings(field, value)
        elif isinstance(value, int) and not isinstance(value, bool) and field != "level":
            yield from _number(field, value)


def _number(field: str, value: int) -> Iterator[Finding]:
    if field.endswith("_mc"):
        low, high = COLDEST_MC, HOTTEST_MC
    else:
        low, high = AT_LEAST_ONE.get(field, 0), MOST.get(field, LARGEST)
    if value < 0 <= low and field in SIGNS:
        fix = "give it without the sign, and say take or give"
        yield field, f"{value} has the wrong sign", fix
    elif not low <= value <= high:
        yield field, *_out_of_range(field, value, low, high)


def _out_of_range(field: str, value: int, low: int, high: int) -> tuple[str, str]:
    """Say it in the unit in which people give the number."""
    unit, scale = {"ppm": (" %", 10_000), "mc": (" C", 1000)}.get(field.rpartition("_")[2], ("", 1))
    if field == "per_day_ppm":
        unit, scale = " cycles a day", 1_000_000
    said, least, most = (
        f"{each if scale == 1 else format(each / scale, '.12g')}{unit}"
        for each in (value, low, high)
    )
    return f"{said} is out of range", f"give {'a number ' if not unit else ''}{least} to {most}"


def _bounds(need: Need) -> Iterator[Finding]:
    """Look at what is bounded from below and above."""
    match need:
        case StateOfCharge():
            yield from _one_unit(need, "least")
            yield from _one_unit(need, "most")
            yield from _pair(("least_ppm", need.least_ppm), ("most_ppm", need.most_ppm))
            yield from _pair(("least_wh", need.least_wh), ("most_wh", need.most_wh))
            bounds = (need.least_ppm, need.most_ppm, need.least_wh, need.most_wh)
            yield from _any("least_ppm", bounds)
        case EnergyWithin():
            yield from _pair(("least_wh", need.least_wh), ("most_wh", need.most_wh))
            yield from _any("least_wh", (need.least_wh, need.most_wh))
        case Comfort():
            yield from _pair(("low_mc", need.low_mc), ("high_mc", need.high_mc))
            yield from _any("low_mc", (need.low_mc, need.high_mc))
        case Cycles():
            yield from _any("per_day_ppm", (need.per_day_ppm, need.throughput_wh_per_year))
            if None not in (need.per_day_ppm, need.throughput_wh_per_year):
                yield "per_day_ppm", "has a limit by day and by year", "ask for them one by one"


def _one_unit(need: StateOfCharge, side: str) -> Iterator[Finding]:
    share, energy = getattr(need, f"{side}_ppm"), getattr(need, f"{side}_wh")
    if share is not None and energy is not None:
        yield f"{side}_wh", "is given as a share, too", "give one of the two"


def _pair(low: tuple[str, int | None], high: tuple[str, int | None]) -> Iterator[Finding]:
    (name, least), (_, most) = low, high
    if least is not None and most is not None and least > most:
        yield name, f"{least} at least, {most} at most", "give the lower number first"


def _any(field: str, bounds: tuple[int | None, ...]) -> Iterator[Finding]:
    if all(bound is None for bound in bounds):
        yield field, "asks for nothing", "give a bound"


def _own(need: Need) -> Iterator[Finding]:
    """Look at what only this kind can have wrong."""
    match need:
        case Run():
            work = need.duration_s * need.times
            if work > need.window.length_s:
                problem = f"{work} s of work in a window of {need.window.length_s} s"
                yield "duration_s", problem, "widen the window, or ask for less"
        case RunRest() if not (need.least_run_s or need.least_rest_s):
            yield "least_run_s", "asks for nothing", "give a time on or off"
        case Headroom():
            if not (need.up_w or need.down_w):
                yield "up_w", "asks for nothing", "give a power up or down"
            if not need.sustained_s:
                yield "sustained_s", "is zero", "say for how long it must last"
        case Intervention():
            yield from _intervention(need)


def _intervention(need: Intervention) -> Iterator[Finding]:
    if need.end <= need.begin:
        yield "end", f"{need.end} is not after {need.begin}", "let it end after it begins"
    if need.target_w is not None and need.action in (Action.STOP, Action.OFF):
        yield "target_w", f"{need.action} has no target", "leave it out"
    if need.target_w == 0:
        yield "target_w", "is zero", "say stop, or off"
