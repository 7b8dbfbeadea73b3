"""The order of things that happen at the same instant."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """At one instant, what was measured comes first and what is recorded comes last."""

    OPEN = 0
    READING = 10
    FORECAST = 20
    PLAN = 30
    GATE = 40
    CLEARING = 50
    DISPATCH = 60
    SETTLEMENT = 70
    LEDGER = 80
