"""A stream of P1 telegrams cut into whole ones whose checksum holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from gridpact.metering.importers.rows import Report

_VERSION = re.compile(r"^(?:1-3:0\.2\.8|0-0:96\.1\.4)\((\d+)\)$")
_END = re.compile(rb"^!([0-9A-Fa-f]{4})?$")


class Telegram(msgspec.Struct, frozen=True):
    """The lines of a telegram between ``/`` and ``!``, and the line of the file it begins on."""

    line: int
    lines: tuple[str, ...]


def crc16(data: bytes) -> int:
    """CRC16 of a telegram from ``/`` to ``!``: polynomial 0xA001 reflected, initial value 0."""
    crc = 0
    for octet in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ octet) & 0xFF]
    return crc


def _entry(octet: int) -> int:
    for _ in range(8):
        octet = (octet >> 1) ^ 0xA001 if octet & 1 else octet >> 1
    return octet


_TABLE = tuple(_entry(octet) for octet in range(256))


def split(data: bytes, report: Report) -> Iterator[Telegram]:
    """Yield the whole telegrams of a file; what is cut short, stray or damaged is a fault."""
    begin, held = 0, list[bytes]()
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.startswith(b"/"):
            _cut(held, begin, report)
            begin, held = number, [line]
        elif not held:
            _stray(line, number, report)
        else:
            held.append(line)
            if line.startswith(b"!"):
                if telegram := _whole(held, begin, number, report):
                    yield telegram
                held = []
    _cut(held, begin, report)


def _stray(line: bytes, number: int, report: Report) -> None:
    if line.strip():
        fix = "remove it: a telegram goes from / to !"
        report.add(number, "", "this line belongs to no telegram", fix)


def _cut(held: list[bytes], begin: int, report: Report) -> None:
    if held:
        fix = "remove the telegram, or record it again"
        report.add(begin, "", "the telegram that begins here is cut short: it has no ! line", fix)


def _whole(held: list[bytes], begin: int, number: int, report: Report) -> Telegram | None:
    """Return a telegram whose checksum holds; one that has none may be older than 4.0."""
    try:
        lines = tuple(line.rstrip(b"\r").decode("ascii") for line in held[:-1])
    except UnicodeDecodeError:
        fix = "remove the telegram, or record it again"
        report.add(begin, "", "the telegram that begins here is not plain text", fix)
        return None
    end = _END.match(held[-1].rstrip(b"\r"))
    given = end.group(1) if end else b"?"
    if given is None:
        if any(_VERSION.match(line) for line in lines):
            _fault(report, number, "the checksum after ! is missing")
            return None
        return Telegram(begin, lines)
    body = b"\n".join((*held[:-1], b"!"))
    bodies = (body,) if b"\r\n" in body else (body, body.replace(b"\n", b"\r\n"))
    if end is None or int(given, 16) not in [crc16(each) for each in bodies]:
        _fault(report, number, "the checksum does not hold")
        return None
    return Telegram(begin, lines)


def _fault(report: Report, number: int, problem: str) -> None:
    report.add(number, "CRC", problem, "remove the telegram, or record it again")
