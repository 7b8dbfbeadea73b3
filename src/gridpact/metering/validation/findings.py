"""What validation found: marks per slot, and in words where and why."""

from __future__ import annotations

import msgspec

from gridpact.base.slots import iso
from gridpact.metering.readings import Channel, Intervals


class Finding(msgspec.Struct, frozen=True, order=True, gc=False):
    """A stretch of a channel that a rule has something to say about.

    ``from_s`` and ``to_s`` are instants [s since the epoch], the end not included; ``slots`` is
    how many slots it marked, 0 where the rule tells and marks nothing.
    """

    channel: Channel
    from_s: int
    to_s: int
    rule: str
    slots: int
    words: str

    def __str__(self) -> str:
        """Render as ``point register from to: words (rule)``."""
        name = f"{self.channel.point} {self.channel.register}"
        return f"{name} {iso(self.from_s)} to {iso(self.to_s)}: {self.words} ({self.rule})"


class Findings(msgspec.Struct, frozen=True):
    """Readings with their marks, and the findings by channel, time and rule."""

    intervals: Intervals
    found: tuple[Finding, ...]

    def count(self, rule: str) -> int:
        """Count the slots that a rule marked."""
        return sum(each.slots for each in self.found if each.rule == rule)
