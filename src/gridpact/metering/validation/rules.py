"""Rules of validation as values: a threshold is a field, and says why it is what it is.

The name of a rule is what a slot keeps as the reason for its mark; it changes when what the rule
finds changes.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from gridpact.metering.readings import Register


class Missing(msgspec.Struct, frozen=True, tag="missing.v1", tag_field="rule"):
    """Slots without a value, each run of them as one finding."""


class Negative(msgspec.Struct, frozen=True, tag="negative.v1", tag_field="rule"):
    """Energy below zero. A register counts one way, so none is right below 0 Wh."""


class Range(msgspec.Struct, frozen=True, tag="range.v1", tag_field="rule"):
    """More energy than the connection carries.

    ``largest_w`` is the largest power [W] of a point without one of its own in ``points``;
    43 470 W is a three-phase connection fused at 63 A (3 × 230 V × 63 A), the largest a home has.
    ``tolerance_percent`` allows for what a fuse carries for a while above its rating.
    """

    largest_w: int = 43_470
    points: dict[str, int] = {}
    tolerance_percent: int = 10

    def most_wh(self, point: str, step: int) -> int:
        """Most energy [Wh] that a point's connection carries in ``step`` seconds."""
        power = self.points.get(point, self.largest_w)
        return power * step * (100 + self.tolerance_percent) // 360_000


class Spike(msgspec.Struct, frozen=True, tag="spike.v1", tag_field="rule"):
    """A slot far above all that the channel is used to.

    More than ``times`` the level that ``share_percent`` of its slots with energy stay at or below,
    and at least ``least_w`` of mean power [W]. The 99th percentile of a home's load is about half
    of its peak, so five times it is a fault and not a feast; below 5 kW nobody needs to look.
    """

    times: int = 5
    share_percent: int = 99
    least_w: int = 5000


class Stuck(msgspec.Struct, frozen=True, tag="stuck.v1", tag_field="rule"):
    """The same energy above ``least_wh`` for longer than ``hours``.

    A standby load may be constant to the Wh over a night, and nothing at all (a plant by night, an
    empty home) is no fault. ``least_wh`` is what a slot must hold to be looked at.
    """

    hours: int = 24
    least_wh: int = 10


class ZeroRun(msgspec.Struct, frozen=True, tag="zero-run.v2", tag_field="rule"):
    """Zero for longer than ``hours`` in a channel that is otherwise seldom zero.

    Some loggers write 0 for what they did not record. While the point's other register counts, the
    meter works: a home that injects withdraws nothing, and such a zero is none to look at. A
    channel counts as seldom zero where at most ``share_percent`` of its slots are zero outside of
    such runs, and there are no more of them than four, or one in 30 days: more are how it is used.
    """

    hours: int = 6
    share_percent: int = 2


class ClockDrift(msgspec.Struct, frozen=True, tag="clock-drift.v2", tag_field="rule"):
    """A plant whose day sits earlier or later than before: its clock was shifted, the sun was not.

    Looks at channels with energy by day only (at most ``day_percent`` of slots) and compares the
    middle of the day over ``days`` days before and after each day. Solar noon moves by less than
    10 minutes in two weeks (equation of time), a daylight-saving error is 60: ``least_s`` lies
    between. Slots are marked while they are off what the channel showed first.
    """

    days: int = 14
    least_s: int = 1800
    day_percent: int = 75


class RollOver(msgspec.Struct, frozen=True, tag="roll-over.v1", tag_field="rule"):
    """A register that began at zero again. Nothing is wrong; it is told, and nothing marked.

    ``register_wh`` is what registers count to [Wh], unless ``points`` says it of a point. 0 takes
    the least power of ten above the reading before, where less than a tenth of it was counted
    since.
    """

    register_wh: int = 0
    points: dict[str, int] = {}


class Exchange(msgspec.Struct, frozen=True, tag="exchange.v1", tag_field="rule"):
    """A display of another device. It is told; what was counted in between has no display."""


class DisplaySum(msgspec.Struct, frozen=True, tag="display-sum.v1", tag_field="rule"):
    """Intervals between two displays that do not add up to their difference.

    Also displays that run back without a roll-over. ``tolerance_wh`` is what they may differ by:
    0 for displays to the Wh; a display cut to whole kWh is up to 1000 Wh off.
    """

    tolerance_wh: int = 0


Rule: TypeAlias = (
    Missing
    | Negative
    | Range
    | Spike
    | Stuck
    | ZeroRun
    | ClockDrift
    | RollOver
    | Exchange
    | DisplaySum
)

DEFAULT_RULES: tuple[Rule, ...] = (
    Missing(),
    Negative(),
    Range(),
    Spike(),
    Stuck(),
    ZeroRun(),
    ClockDrift(),
    RollOver(),
    Exchange(),
    DisplaySum(),
)
"""All rules with their default thresholds; the first of them to mark a slot names it."""


def name_of(rule: Rule) -> str:
    """Name and version of a rule, such as ``range.v1``."""
    return str(rule.__struct_config__.tag)


class Rulebook(msgspec.Struct, frozen=True):
    """Rules of each register, in the order in which they name what they mark."""

    withdrawal: tuple[Rule, ...] = DEFAULT_RULES
    injection: tuple[Rule, ...] = DEFAULT_RULES

    def parts(self) -> tuple[tuple[tuple[Register, ...], tuple[Rule, ...]], ...]:
        """Registers that have the same rules, and those."""
        if self.withdrawal == self.injection:
            return ((("withdrawal", "injection"), self.withdrawal),)
        return ((("withdrawal",), self.withdrawal), (("injection",), self.injection))
