"""What scheduling remembers between messages.

Fields that were added later are left out of the encoding while they say nothing, so that the
state of an older run has the hash it always had.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.forecasting.messages import ForecastIssued
from gridpact.scheduling.activation.model import Activations
from gridpact.scheduling.contracted.model import Contracts
from gridpact.scheduling.diaries.holds import Holds
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.operation.model import Operation
from gridpact.scheduling.problem import Plan

T = TypeVar("T")


class InForce(msgspec.Struct, frozen=True, omit_defaults=True):
    """A schedule and the slots for which it is in force, unless a later one is.

    With rolling operation ``there`` [assets, slots] is where owners said that storage is connected,
    and ``begins_wh`` [assets] what was expected to be stored when the window begins; else None.
    """

    window: Slots
    plan: Plan
    there: Bools | None = None
    begins_wh: Ints | None = None


class Tally(msgspec.Struct, frozen=True):
    """What has counted so far in a need's window from ``begin`` to ``end`` [s since the epoch].

    Wh, or nano-¤ of a budget. ``asset`` is "" where all of the need's assets count together.
    """

    need: str
    asset: str
    begin: int
    end: int
    amount: int


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is gathered for open sessions, days of prices and positions, plans, stored energy.

    ``state_wh`` [assets] was reported at ``state_at`` [s since the epoch], 0 before any report;
    of an asset from which nothing was heard since, it is what its plan makes of the last report.
    ``book`` has the needs that stand; None, which is left out of the encoding, before any.
    ``operation`` is None where only sessions make schedules, ``activations`` before any, and
    ``decided`` where owners leave all power to plans. ``tallies`` are of needs that stand.
    ``contracts`` is None before any agreement.
    """

    needs: dict[str, NeedsStated]
    forecasts: dict[str, ForecastIssued]
    spot: dict[str, tuple[Slots, Ints]]
    positions: dict[str, tuple[Slots, Ints]]
    plans: tuple[InForce, ...]
    state_wh: Ints
    state_at: int
    book: Book | None = None
    operation: Operation | None = None
    activations: Activations | None = None
    decided: Holds | None = None
    tallies: tuple[Tally, ...] = ()
    contracts: Contracts | None = None


def without(values: dict[str, T], key: str) -> dict[str, T]:
    """Return a dictionary without a key."""
    return {name: value for name, value in values.items() if name != key}


def forgotten(state: State, session: str) -> State:
    """Forget what was gathered for a session."""
    return msgspec.structs.replace(
        state,
        needs=without(state.needs, session),
        forecasts=without(state.forecasts, session),
    )
