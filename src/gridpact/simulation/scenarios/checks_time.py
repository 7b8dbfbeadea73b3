"""Cross-checks of time and size: days, gates, needs that cannot be, limits that contradict."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gridpact.base.documents import Document, Path
from gridpact.base.slots import Calendar
from gridpact.simulation.scenarios.access import (
    Group,
    clock_s,
    count,
    entries,
    exact,
    group,
    share,
    text,
    texts,
)

_DAY = 86400


def check_times(document: Document, root: Group) -> None:
    """Run every check of this file."""
    _check_run(document, root)
    _check_gates(document, root)
    _check_use(document, group(root, "generate"))
    for place, member in entries(root, "members"):
        for position, asset in entries(member, "assets"):
            path: Path = ("members", place, "assets", position)
            _check_shares(document, asset, path)
            _check_temperatures(document, asset, path)
            if text(asset, "kind") == "car":
                _check_car(document, asset, path)
            if text(asset, "kind") == "appliance":
                _check_appliance(document, asset, path, count(_top(root), "slot_minutes") * 60)


def _top(root: Group) -> Group:
    return group(root, "community")


def _zone(document: Document, root: Group) -> ZoneInfo | None:
    name = text(_top(root), "timezone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fix = "use an IANA name such as Europe/Berlin, or UTC"
        document.fault(("community", "timezone"), f"there is no time zone '{name}'", fix)
        return None


def _check_run(document: Document, root: Group) -> None:
    zone, written = _zone(document, root), text(group(root, "run"), "from")
    path: Path = ("run", "from")
    try:
        moment = datetime.fromisoformat(written.replace(" ", "T")).replace(tzinfo=zone)
        moment.date() + timedelta(days=count(group(root, "run"), "days") + 2)
    except (ValueError, OverflowError) as error:
        document.fault(path, f"'{written}' is no day of the calendar ({error})", "correct it")
        return
    if zone is None:
        return
    early, late = moment.utcoffset(), moment.replace(fold=1).utcoffset()
    if early and late and early != late and "T" in written.replace(" ", "T"):
        often = "occurs twice" if early > late else "does not occur"
        problem = f"{written} {often} in {zone.key}: the clock changes"
        document.fault(path, problem, f"write the day alone: {written[:10]}")
    elif moment.time() != time():
        document.fault(path, "a run begins at midnight", f"write the day alone: {written[:10]}")
    _check_days(document, root, zone, moment.date())


def _check_days(document: Document, root: Group, zone: ZoneInfo, first: date) -> None:
    """Slots must divide each day, also where a clock changes by half an hour.

    The day after the last is traded while that one is delivered, so it is looked at too.
    """
    minutes = count(_top(root), "slot_minutes")
    calendar = Calendar(zone.key, minutes * 60)
    for number in range(count(group(root, "run"), "days") + 1):
        try:
            calendar.day(first + timedelta(days=number))
        except ValueError:
            day = first + timedelta(days=number)
            problem = f"slots of {minutes} minutes do not divide {day} in {zone.key}"
            path: Path = ("community", "slot_minutes")
            document.fault(path, problem, "use 15 minutes, which divide every day")
            return


def _check_gates(document: Document, root: Group) -> None:
    market = group(root, "market")
    lead, path = count(market, "lead_minutes") * 60, ("market", "day_ahead_gate")
    if clock_s(market, "day_ahead_gate") + lead > _DAY:
        problem = f"gate {text(market, 'day_ahead_gate')} and its lead end after delivery begins"
        document.fault(path, problem, "close the gate earlier, or shorten lead_minutes")
    seen: set[str] = set()
    for place, gate in enumerate(texts(market, "intraday_gates")):
        here: Path = ("market", "intraday_gates", place)
        if clock_s({"gate": gate}, "gate") + lead >= _DAY:
            problem = f"gate {gate} closes after the day's last delivery, lead included"
            document.fault(here, problem, "close the gate earlier, or shorten lead_minutes")
        if gate in seen:
            document.fault(here, f"gate {gate} is listed twice", "remove one")
        seen.add(gate)


def _check_use(document: Document, block: Group) -> None:
    keys = ("daily_kwh_p10", "daily_kwh_p50", "daily_kwh_p90")
    for lower, upper in pairwise(keys):
        if block and exact(block, lower) >= exact(block, upper):
            problem = f"{lower} is not below {upper}"
            document.fault(("generate", lower), problem, "the three must rise: p10, p50, p90")


def _check_temperatures(document: Document, asset: Group, path: Path) -> None:
    """Temperatures of what stores heat, which say something only together."""
    given = [key for key in ("empty_c", "full_c") if key in asset]
    if len(given) == 1:
        fix = "write both, or neither"
        document.fault((*path, given[0]), "says nothing without the other temperature", fix)
    elif given and exact(asset, "full_c") <= exact(asset, "empty_c"):
        problem = "is no warmer than empty_c"
        document.fault((*path, "full_c"), problem, "write a higher temperature")
    if "litres" in asset and not given:
        problem = "says nothing without temperatures"
        document.fault((*path, "litres"), problem, "write empty_c and full_c, too")


def _check_shares(document: Document, asset: Group, path: Path) -> None:
    """Shares that physics does not allow, and a reserve above what is wanted."""
    if "round_trip_percent" in asset and share(asset, "round_trip_percent") == 0:
        document.fault((*path, "round_trip_percent"), "nothing would come back", "write about 90")
    if share(asset, "hourly_loss_percent") == 1:
        problem = "all stored energy would be lost within the hour"
        document.fault((*path, "hourly_loss_percent"), problem, "write less than 100")
    if "target_percent" in asset and share(asset, "target_percent") < share(
        asset, "reserve_percent"
    ):
        problem = "the target lies below the reserve"
        document.fault((*path, "target_percent"), problem, "raise it, or lower reserve_percent")


def _check_car(document: Document, car: Group, path: Path) -> None:
    """A car must leave before it is back, and charge between two trips what a trip takes."""
    if group(car, "sessions"):
        return
    leave, back = clock_s(car, "by"), clock_s(car, "back")
    if back <= leave:
        problem = f"back at {text(car, 'back')} is not after leaving by {text(car, 'by')}"
        document.fault((*path, "back"), problem, "by is the morning's departure, back the return")
        return
    plugged_h = (_DAY - back + leave) / 3600
    trip, room = exact(car, "trip_kwh"), exact(car, "capacity_kwh") * share(car, "target_percent")
    if trip > room:
        problem = f"the trip takes {float(trip):g} kWh, the target holds {float(room):g} kWh"
        fix = "shorten the trip, or raise target_percent or capacity_kwh"
        document.fault((*path, "trip_kwh"), problem, fix)
    charged = float(exact(car, "charger_kw")) * plugged_h * float(share(car, "round_trip_percent"))
    if trip > charged:
        problem = f"the trip takes {float(trip):g} kWh, a night charges {charged:.1f} kWh at most"
        document.fault((*path, "by"), problem, "widen the time at home, or raise charger_kw")


def _check_appliance(document: Document, machine: Group, path: Path, step: int) -> None:
    """The run, in whole slots, must fit between whole slots of its window."""
    begin, end = clock_s(machine, "earliest"), clock_s(machine, "latest")
    slots = (end // step) - -(-begin // step)
    needed = -(-round(exact(machine, "hours") * 3600) // step)
    if end <= begin:
        problem = f"latest {text(machine, 'latest')} is not after {text(machine, 'earliest')}"
        document.fault((*path, "latest"), problem, "put earliest before latest, within one day")
    elif slots < needed:
        problem = (
            f"a run of {float(exact(machine, 'hours')):g} hours does not fit between "
            f"{text(machine, 'earliest')} and {text(machine, 'latest')}"
        )
        document.fault((*path, "hours"), problem, "widen the window, or shorten the run")
