"""Contracts in words for people: their name, amounts and units, and the slots looked at."""

from __future__ import annotations

from gridpact.app.cli.contracting_files import Opened
from gridpact.app.cli.layout import counted
from gridpact.base.slots import Slots, iso
from gridpact.contracts import amounts, unit_algebra
from gridpact.contracts.canonical import terms_hash


def quantity(value: int, unit: str) -> str:
    """Write an amount of an asset for people, such as ``12.5 kWh``."""
    return amounts.written(value, unit)


def duration(seconds: int) -> str:
    """Write seconds as people do, such as ``15 min``."""
    return amounts.written(seconds, "s")


def heading(opened: Opened) -> str:
    """Return the line that names a contract: its title and the begin of its hash."""
    begin = terms_hash(opened.contract).hex()[:16]
    return f"{opened.title or opened.path.name} (0x{begin}…)"


def window(slots: Slots) -> str:
    """Return the line that tells which slots were looked at."""
    step = duration(slots.step)
    return f"{counted(slots.count, 'slot')} of {step}, {iso(slots.start)} to {iso(slots.end)}"


def unit_for_people(unit: str) -> str:
    """Write a unit of terms for people: a pure number is a number."""
    return "number" if unit == unit_algebra.ONE else unit
