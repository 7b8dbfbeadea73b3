"""Which channels and slots of a store a command looks at, and on whose clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from gridpact.app.orders import instants
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots
from gridpact.metering.readings import Channel, Register
from gridpact.metering.store.log import start_of
from gridpact.metering.store.points import DAY_S
from gridpact.metering.store.store import Store

REGISTERS: tuple[Register, ...] = ("withdrawal", "injection")


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked for: points, register, instants and step; what is None is not asked."""

    points: tuple[str, ...] = ()
    register: Register | None = None
    since: datetime | None = None
    until: datetime | None = None
    as_of: datetime | None = None
    step_s: int | None = None


class View(msgspec.Struct, frozen=True):
    """Channels on slots of a store, as known at ``as_of`` [s], or now; times by ``timezone``."""

    channels: tuple[Channel, ...]
    slots: Slots
    as_of: int | None
    timezone: str

    def local(self, at: int) -> str:
        """Write an instant [s since the epoch] by the clock of the view."""
        return instants.local(at, self.timezone)


def view_of(store: Store, chosen: Chosen, *, displays: bool = False) -> View:
    """Return what is looked at; BadInput where a point or a time does not exist, or nothing does.

    Without instants, all days with values, or with ``displays`` those as well; without points, all
    of them. Slots are of the points' own step, of the longest where they differ.
    """
    points = [store.point(name) for name in chosen.points or [point.id for point in store.points]]
    clocks = {point.timezone for point in points}
    timezone = clocks.pop() if len(clocks) == 1 else "UTC"
    step = chosen.step_s or max((point.step_s for point in points), default=900)
    registers = (chosen.register,) if chosen.register else REGISTERS
    channels = tuple(Channel(point.id, register) for point in points for register in registers)
    days = store.days("intervals", "displays") if displays else store.days()
    start, end = _span(store, chosen, timezone, days)
    first = start // step * step
    as_of = None if chosen.as_of is None else _instant(chosen.as_of, timezone, "--as-of")
    return View(channels, Slots(first, step, max(-(-(end - first) // step), 0)), as_of, timezone)


def views_of(store: Store, chosen: Chosen, *, displays: bool = False) -> list[View]:
    """Return views of points that have the same slots and clock; BadInput as in :func:`view_of`.

    With a step that was asked for, points differ by their clock alone.
    """
    groups: dict[tuple[int, str], list[str]] = {}
    for name in chosen.points or [point.id for point in store.points]:
        point = store.point(name)
        groups.setdefault((chosen.step_s or point.step_s, point.timezone), []).append(name)
    if not groups:
        return [view_of(store, chosen, displays=displays)]
    return [
        view_of(store, msgspec.structs.replace(chosen, points=tuple(names)), displays=displays)
        for names in groups.values()
    ]


def _span(
    store: Store, chosen: Chosen, timezone: str, days: tuple[str, str] | None
) -> tuple[int, int]:
    if days is None:
        fix = "import some: gridpact import readings FILE --map MAP.yaml --into STORE --commit"
        raise BadInput([Fault(store.url, 0, "", "the store holds no readings yet", fix)])
    start, end = start_of(days[0]), start_of(days[1]) + DAY_S
    if chosen.since is not None:
        start = _instant(chosen.since, timezone, "--from")
    if chosen.until is not None:
        end = _instant(chosen.until, timezone, "--to")
    if end <= start:
        fix = "give an earlier --from or a later --to"
        raise BadInput([Fault("arguments", 0, "--to", "it is not after --from", fix)])
    return start, end


def _instant(moment: datetime, timezone: str, option: str) -> int:
    try:
        return instants.epoch(moment, timezone)
    except ValueError as error:
        fix = "name another instant, or add its offset from UTC"
        raise BadInput([Fault("arguments", 0, option, str(error), fix)]) from error


def check_step(step_s: int, option: str = "--step") -> None:
    """Raise BadInput for a length of slots that does not divide a day."""
    if step_s <= 0 or DAY_S % step_s:
        fix = "give minutes that divide a day, such as 15 or 60"
        raise BadInput([Fault("arguments", 0, option, "no such slots divide a day", fix)])


def channels_with_values(channels: Sequence[Channel], known: Sequence[bool]) -> list[int]:
    """Rows of channels worth telling of: those with a value, and points without any register.

    ``known`` [channels] tells which have a value. Of a point without any, the withdrawal is told.
    """
    with_some = {
        channel.point for channel, any_value in zip(channels, known, strict=True) if any_value
    }
    return [
        row
        for row, channel in enumerate(channels)
        if known[row] or (channel.point not in with_some and channel.register == "withdrawal")
    ]
