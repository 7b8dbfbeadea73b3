"""Metering points of a store: whose slots they count, by which clock, and what they can carry."""

from __future__ import annotations

import msgspec

from gridpact.base.errors import BadInput, Fault

DAY_S = 86400
LEAST_STEP_S, LARGEST_STEP_S = 15, 3600


class MeteringPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One metering point.

    ``community`` is the partition that its readings lie in, ``zone`` its zone of the network,
    ``timezone`` the clock of its local days, ``step_s`` the length of its slots [s], and
    ``largest_w`` the most power that its connection carries [W] and ``rolls_over_wh`` what its
    registers count to before they begin at zero again [Wh], 0 where nobody knows.
    """

    id: str
    community: str = "community"
    zone: str = ""
    timezone: str = "UTC"
    step_s: int = 900
    largest_w: int = 0
    rolls_over_wh: int = 0


def point_faults(point: MeteringPoint, file: str, line: int) -> list[Fault]:
    """Return everything wrong with a point; ``file`` and ``line`` are where it is written."""
    from gridpact.metering.importers.clock import zone_of

    rules = (
        ("id", not point.id.strip(), "a metering point has a name", "give it an id"),
        ("id", not point.id.isprintable(), "the name holds signs that do not print", "leave them"),
        ("community", not _is_folder(point.community), f"{point.community!r} names no folder",
         "use letters, digits, '-', '_' and '.', and begin with a letter or digit"),
        ("timezone", zone_of(point.timezone) is None, f"{point.timezone!r} is no time zone",
         "write UTC or a name such as Europe/Berlin"),
        ("step_s", not _is_step(point.step_s), f"{point.step_s} s is no length of a slot",
         f"write {LEAST_STEP_S} to {LARGEST_STEP_S} s that divide a day, such as 900"),
        ("largest_w", point.largest_w < 0, "no connection carries less than nothing",
         "write watts, or leave it out"),
        ("rolls_over_wh", point.rolls_over_wh < 0, "no register counts to less than nothing",
         "write Wh, or leave it out"),
    )  # fmt: skip
    return [Fault(file, line, where, what, fix) for where, bad, what, fix in rules if bad]


def _is_folder(name: str) -> bool:
    plain = name.replace("-", "a").replace("_", "a").replace(".", "a")
    return plain.isascii() and plain.isalnum() and name[0].isalnum()


def _is_step(step: int) -> bool:
    return LEAST_STEP_S <= step <= LARGEST_STEP_S and DAY_S % step == 0


def merged(
    before: tuple[MeteringPoint, ...], more: tuple[MeteringPoint, ...], file: str
) -> tuple[MeteringPoint, ...]:
    """Return points with others added, in the order of their names.

    A point that is there already may change its zone, clock and power, but neither its community
    nor its step, which its stored readings keep. Raises BadInput with every fault.
    """
    known = {point.id: point for point in before}
    faults: list[Fault] = []
    for point in more:
        old = known.get(point.id, point)
        for where in ("community", "step_s"):
            was, is_now = getattr(old, where), getattr(point, where)
            if was != is_now:
                problem = f"{point.id} is stored with {was}, not with {is_now}"
                faults.append(Fault(file, 0, where, problem, "keep it, or begin another store"))
        known[point.id] = point
    if faults:
        raise BadInput(faults)
    return tuple(known[name] for name in sorted(known))
