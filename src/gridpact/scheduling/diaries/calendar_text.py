"""Events as iCalendar text (RFC 5545; RFC 7986 for the calendar's name).

Instants are in UTC, as diaries are: a calendar shows them in the time of its reader, and nights in
which clocks change need no rules. ``X-WR-TIMEZONE`` tells calendars that look for it in which time
zone to show them; texts name times of that zone with their offset.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from unicodedata import category
from zoneinfo import ZoneInfo

import msgspec

from gridpact.scheduling.diaries.calendar_events import Event, Session
from gridpact.scheduling.diaries.document import Entry
from gridpact.scheduling.diaries.schema import instant_of

OCTETS = 75
"""Longest line, without its end (RFC 5545, section 3.1)."""
NANO = 10**9


class Look(msgspec.Struct, frozen=True):
    """How a calendar is shown: its name, the time zone of texts, and the currency's sign."""

    name: str
    timezone: str
    currency: str = "¤"


def calendar_text(events: Sequence[Event], look: Look) -> bytes:
    """Write events as a calendar; the same events give the same bytes.

    Every event's ``DTSTAMP`` is when its revision was made.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//gridpact//diary 1//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{escaped(look.name)}",
        f"X-WR-CALNAME:{escaped(look.name)}",
        f"X-WR-TIMEZONE:{escaped(look.timezone)}",
    ]
    for event in events:
        lines += _event(event, look)
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def _event(event: Event, look: Look) -> Iterator[str]:
    session = event.session
    tentative = "TENTATIVE" if session.asked else "CONFIRMED"
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(event.uid)}"
    yield f"DTSTAMP:{_utc(event.stamp_s)}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"STATUS:{'CANCELLED' if event.cancelled else tentative}"
    yield f"DTSTART:{_utc(session.begin_s)}"
    yield f"DTEND:{_utc(session.end_s)}"
    yield f"SUMMARY:{escaped(_summary(session))}"
    yield f"DESCRIPTION:{escaped(_description(session, look))}"
    yield f"CATEGORIES:{session.direction.upper()}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _summary(session: Session) -> str:
    asked = " (please answer)" if session.asked else ""
    verb = "Charge" if session.direction == "charge" else "Supply from"
    return f"{verb} {session.asset}, {_kilowatts(session.power_w)}{asked}"


def _description(session: Session, look: Look) -> str:
    lines = [_line(entry, look) for entry in session.entries]
    if session.carried:
        lines.insert(0, "Had begun before this diary.")
    if session.goes_on:
        lines.append("Goes on beyond this diary.")
    return "\n".join(lines)


def _line(entry: Entry, look: Look) -> str:
    at = datetime.fromtimestamp(instant_of(entry.at), ZoneInfo(look.timezone))
    why = f"{entry.reason.kind} {entry.reason.id}".rstrip()
    saving = _money(int(entry.expected_saving_nano), look.currency)
    told = f"{at:%H:%M %z} {entry.verb} {_kilowatts(entry.target_w)}: {why}{saving}"
    if entry.asking is None:
        return told
    until = datetime.fromtimestamp(instant_of(entry.asking.until), ZoneInfo(look.timezone))
    silence = "accepted" if entry.asking.silence == "accept" else "declined"
    return f"{told}; answer by {until:%H:%M %z}, or it counts as {silence}"


def _kilowatts(watts: int) -> str:
    """Write W as kW, without zeros at the end."""
    whole, rest = divmod(watts, 1000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".") + " kW"


def _money(nano: int, currency: str) -> str:
    """Write what is saved, to a hundredth; less than that is not told."""
    hundredths = (abs(nano) + NANO // 200) // (NANO // 100)
    if not hundredths:
        return ""
    word = "saves" if nano > 0 else "costs"
    return f", {word} {hundredths // 100}.{hundredths % 100:02} {currency}"


def _utc(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y%m%dT%H%M%SZ")


def escaped(text: str) -> str:
    """Write text as a value (RFC 5545, section 3.3.11); control characters are left out."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, written)
    return "".join(letter for letter in text if letter == "\t" or category(letter) != "Cc")


def folded(line: str) -> bytes:
    """Write a line with its end, in pieces of at most 75 octets that never cut a letter in two."""
    pieces, room = [b""], OCTETS
    for letter in line:
        octets = letter.encode("utf-8")
        if len(octets) > room:
            pieces.append(b"")
            room = OCTETS - 1  # the space that begins a continued line counts
        pieces[-1] += octets
        room -= len(octets)
    return b"\r\n ".join(pieces) + b"\r\n"
