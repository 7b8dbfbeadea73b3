"""Diaries in words for people."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from gridpact.app.orders.instants import local
from gridpact.base.units import NANO_PER_UNIT
from gridpact.scheduling.diaries.document import ReasonKind
from gridpact.scheduling.diaries.schema import instant_of

_WITHOUT_NAME: dict[str, str] = {
    "need": "what its owner needs",
    "limit": "a limit of the grid",
    "price": "the price of energy",
    "intervention": "its owner's decision",
    "activation": "an activation",
    "contract": "a contract",
}


class Moded(Protocol):
    """What has the mode of an owner."""

    @property
    def mode(self) -> str:
        """``automatic`` or ``ask``."""

    @property
    def notice_s(self) -> int:
        """How long before an entry an answer counts."""

    @property
    def silence(self) -> str:
        """``accept`` or ``decline``."""

    @property
    def off_until(self) -> str | None:
        """Until when the asset is off (UTC)."""


def kilowatts(watts: int) -> str:
    """Write a power, such as ``3.7 kW``."""
    text = f"{abs(watts) / 1000:.3f}".rstrip("0").rstrip(".")
    return f"{'-' if watts < 0 else ''}{text} kW"


def money(nano: int) -> str:
    """Write an amount to a hundredth of a unit."""
    hundredths = (abs(nano) + NANO_PER_UNIT // 200) // (NANO_PER_UNIT // 100)
    sign = "-" if nano < 0 and hundredths else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02}"


def mode_words(one: Moded, timezone: str) -> str:
    """Say what an owner does with entries."""
    if one.off_until is not None:
        return f"off until {local(instant_of(one.off_until), timezone)}"
    if one.mode == "automatic":
        return "automatic"
    notice = f", {one.notice_s // 60} min before" if one.notice_s else ""
    return f"ask{notice}, else {one.silence}"


def why_words(
    kind: ReasonKind, name: str, wishes: Collection[str] = (), withdrawn: Collection[str] = ()
) -> str:
    """Say why an entry is there.

    ``wishes`` are names of needs that are no more than that, ``withdrawn`` of those that stood when
    the plan was made that the entry is from, and do no more.
    """
    if not name:
        return _WITHOUT_NAME[kind]
    word = "wish" if kind in ("need", "limit") and name in wishes else kind
    return f"{word} {name}" + (", since withdrawn" if name in withdrawn else "")
