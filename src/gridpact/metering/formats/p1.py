"""DSMR P1 telegrams: what the consumer port of Dutch, Belgian and Luxembourgish meters sends.

Source: Netbeheer Nederland, "Dutch Smart Meter Requirements, P1 Companion Standard" 5.0.2 (2016),
its versions 4.2 and 2.2, and the Belgian eMUCS-P1. A telegram begins with ``/`` and ends with
``!``, from 4.0 on followed by its CRC16 (polynomial x¹⁶+x¹⁵+x²+1, least significant bit first,
initially 0) over all from ``/`` to ``!``. Stamps are local time with ``S`` (summer) or ``W``
(winter), so no hour is doubtful; the clock is the mapping's, Amsterdam's where it names none.
Registers: 1-0:1.8.1 and 1-0:1.8.2 withdrawal by tariff, 1-0:2.8.1 and 1-0:2.8.2 injection,
1-0:1.8.0 and 1-0:2.8.0 where there is one register.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np

from gridpact.metering.formats.counting import Counted, counted
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.formats.telegrams import Telegram, split
from gridpact.metering.importers.clock import zone_of
from gridpact.metering.importers.grid import usual_step
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Channel, Displays, Intervals, Register
from gridpact.metering.store.points import LARGEST_STEP_S

SHORTEST_STEP_S = 900
TOLERANCE_S = 10
"""So much before the edge of a slot a telegram stands for it: meters send every 1 to 10 s."""

_TIME = re.compile(r"^0-0:1\.0\.0\((\d{12})([SW])\)$")
_METER = re.compile(r"^0-0:96\.1\.1\(([^)]*)\)$")
_ENERGY = re.compile(r"^1-0:([12])\.8\.([0-9])\(([^)]*)\)$")
_KWH = re.compile(r"^(\d{1,10})\.(\d{3})\*kWh$")
_REGISTERS: dict[str, Register] = {"1": "withdrawal", "2": "injection"}


class _Reading(msgspec.Struct, frozen=True):
    """What one telegram says: when, of which meter, and its registers [Wh]."""

    line: int
    at_s: int
    meter: str
    wh: dict[Register, int]


def read(
    path: Path, data: bytes, mapping: ReadingsMap, report: Report
) -> tuple[Intervals, Displays] | None:
    """Read the telegrams of a file, in any order; None with faults in ``report``.

    Slots have the mapping's ``step_s``, else the usual distance of telegrams, at least a quarter
    of an hour. A slot is known where there is a telegram at both of its edges, or at most 10 s
    before. A telegram that comes twice counts once.
    """
    found = [
        reading
        for number, telegram in enumerate(split(data, report))
        if (reading := _reading(telegram, number, mapping, report)) is not None
    ]
    names = list(dict.fromkeys(reading.meter for reading in found))
    place = np.array([names.index(reading.meter) for reading in found], dtype=np.int64)
    lines = np.array([reading.line for reading in found], dtype=np.int64)
    report.unknown_points([mapping.point(name) for name in names], place, lines, "0-0:96.1.1")
    if report.faults:
        return None
    if not found:
        report.add(0, "", "the file has no telegram", "give what the P1 port sent, from / to !")
        return None
    found.sort(key=lambda reading: (reading.at_s, reading.line))
    own = usual_step(np.array([reading.at_s for reading in found], dtype=np.int64))
    if own > LARGEST_STEP_S:
        return counted(_displays(found, 1, own, mapping), mapping, report)
    step = mapping.step_s or max(own, SHORTEST_STEP_S)
    return counted(_displays(found, step, step, mapping), mapping, report)


def _reading(
    telegram: Telegram, number: int, mapping: ReadingsMap, report: Report
) -> _Reading | None:
    """Read a telegram's time, meter and registers; None with faults in ``report``."""
    at_s, timed, meter, registers = None, False, "", dict[tuple[str, str], int]()
    for line, text in enumerate(telegram.lines, start=telegram.line):
        if found := _TIME.match(text):
            timed = True
            at_s = _instant(found.group(1), found.group(2) == "S", line, (mapping, report))
        elif found := _METER.match(text):
            meter = _identifier(found.group(1))
        elif found := _ENERGY.match(text):
            value = _wh(found.group(3), line, text, report)
            registers[found.group(1), found.group(2)] = value
    if not timed:
        at_s = _counted_on(telegram, number, mapping, report)
    wh = _sums(registers)
    if not wh:
        fix = "give telegrams with 1-0:1.8.x or 1-0:2.8.x"
        report.add(telegram.line, "", "the telegram has no register of electricity", fix)
    return None if at_s is None or not wh else _Reading(telegram.line, at_s, meter, wh)


def _instant(stamp: str, summer: bool, line: int, how: tuple[ReadingsMap, Report]) -> int | None:
    """Instant of a local stamp: the zone's standard time, or an hour ahead of it in summer."""
    mapping, report = how
    zone = zone_of(mapping.zone)
    if zone is None:
        fix = "write UTC+1, or a name such as Europe/Amsterdam"
        report.add(0, "timezone", f"{mapping.zone!r} is no time zone", fix)
        return None
    try:
        local = datetime.strptime(f"{stamp}+0000", "%y%m%d%H%M%S%z")
    except ValueError:
        report.add(line, "0-0:1.0.0", f"{stamp} is no time", "write YYMMDDhhmmss and S or W")
        return None
    moment = local.replace(tzinfo=zone)
    standard = (moment.utcoffset() or timedelta()) - (moment.dst() or timedelta())
    return int((local - standard - timedelta(hours=int(summer))).timestamp())


def _counted_on(
    telegram: Telegram, number: int, mapping: ReadingsMap, report: Report
) -> int | None:
    """Instant of a telegram that says none, counted on from the mapping's ``first_at``."""
    if not mapping.first_at:
        fix = "set first_at and every_s: telegrams of DSMR 2.2 say no time"
        report.add(telegram.line, "0-0:1.0.0", "the telegram says no time", fix)
        return None
    return int(datetime.fromisoformat(mapping.first_at).timestamp()) + number * mapping.every_s


def _identifier(text: str) -> str:
    """Equipment identifier; most are the octets of a text in hexadecimal."""
    try:
        plain = bytes.fromhex(text).decode("ascii")
    except (ValueError, UnicodeDecodeError):
        return text
    return plain if plain.isprintable() and plain else text


def _wh(text: str, line: int, whole: str, report: Report) -> int:
    """Whole Wh of a value such as ``001234.567*kWh``, which is exact."""
    found = _KWH.match(text)
    if found is None:
        where = whole.partition("(")[0]
        fix = "give kWh with three decimals, such as 001234.567*kWh"
        report.add(line, where, f"{text!r} is no reading of a register", fix)
        return 0
    return int(found.group(1) + found.group(2))


def _sums(registers: dict[tuple[str, str], int]) -> dict[Register, int]:
    """Each side's register: its tariffs added up, or the total where it has no tariffs."""
    found: dict[Register, int] = {}
    for digit, name in _REGISTERS.items():
        own = {tariff: wh for (side, tariff), wh in registers.items() if side == digit}
        tariffs = [wh for tariff, wh in own.items() if tariff != "0"]
        if own:
            found[name] = sum(tariffs) if tariffs else own["0"]
    return found


def _displays(found: list[_Reading], step: int, apart: int, mapping: ReadingsMap) -> Counted:
    """Displays at edges of slots of ``step``, ``apart`` seconds, and each device's ends."""
    kept: dict[tuple[Channel, str, int], tuple[int, int]] = {}
    for reading, register in _each(found):
        point = mapping.point(reading.meter)
        early = -reading.at_s % step
        at = reading.at_s + early if early <= TOLERANCE_S else reading.at_s
        key = (Channel(point, register), reading.meter, at)
        kept[key] = (reading.wh[register], reading.line)
    channels = tuple(sorted({channel for channel, _, _ in kept}))
    ends = _ends(kept)
    chosen = (key for key in kept if key[2] % step == 0 or key in ends)
    rows = sorted(chosen, key=lambda key: (key[0], key[2], kept[key][1]))
    return Counted(
        Displays(
            channels,
            np.array([channels.index(channel) for channel, _, _ in rows], dtype=np.int64),
            np.array([at for _, _, at in rows], dtype=np.int64),
            np.array([kept[key][0] for key in rows], dtype=np.int64),
            tuple(meter for _, meter, _ in rows),
        ),
        np.array([kept[key][1] for key in rows], dtype=np.int64),
        "telegram",
        apart,
    )


def _each(found: list[_Reading]) -> Iterator[tuple[_Reading, Register]]:
    for reading in found:
        for register in reading.wh:
            yield reading, register


def _ends(
    kept: dict[tuple[Channel, str, int], tuple[int, int]],
) -> set[tuple[Channel, str, int]]:
    """Return the first and the last display of each device."""
    ends: set[tuple[Channel, str, int]] = set()
    for pick in (min, max):
        best: dict[tuple[Channel, str], int] = {}
        for channel, meter, at in kept:
            best[channel, meter] = pick(best.get((channel, meter), at), at)
        ends |= {(channel, meter, at) for (channel, meter), at in best.items()}
    return ends
