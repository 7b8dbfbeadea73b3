"""What agreements ask of a plan, to be looked at."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gridpact.app.schedules.posing import SessionProblem
from gridpact.scheduling.contracted.model import agreement_of
from gridpact.scheduling.needs.clock import stretches
from gridpact.scheduling.needs.grammar.write import power_text
from gridpact.scheduling.needs.model import Direction, Headroom, Need, PowerCap, PowerFloor


class AgreedView(msgspec.Struct, frozen=True):
    """What one agreement asks of a ``party`` from ``start`` until ``end`` [s since the epoch]."""

    agreement: str
    party: str
    start: int
    end: int
    asks: str


def agreed_views(found: SessionProblem) -> Iterator[AgreedView]:
    """Yield what agreements ask of a plan, in order of time."""
    slots, zone = found.problem.slots, found.community.timezone
    views = [
        AgreedView(agreement_of(need.id), need.owner, one.begin, one.end, _asks(need))
        for need in found.whole.contracts
        if isinstance(need, PowerCap | PowerFloor | Headroom)
        for one in stretches(need.window, slots.start, slots.end, zone)
    ]
    yield from sorted(views, key=lambda one: (one.start, one.agreement, one.asks))


def _asks(need: Need) -> str:
    match need:
        case PowerCap():
            return f"{_way(need.direction)} at most {power_text(need.most_w)}"
        case PowerFloor():
            return f"{_way(need.direction)} at least {power_text(need.least_w)}"
        case Headroom():
            ways = ((need.up_w, "up"), (need.down_w, "down"))
            kept = " and ".join(f"{power_text(watts)} {way}" for watts, way in ways if watts)
            return f"keeps {kept} ready"
    raise TypeError(f"an agreement makes no {type(need).__name__}")


def _way(direction: Direction) -> str:
    return "takes" if direction is Direction.TAKE else "gives"
