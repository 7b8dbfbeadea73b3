"""A fleet that was solved, with the names of everything in it and when it is for."""

from __future__ import annotations

import msgspec

from gridpact.base.slots import Slots
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.problem import Plan


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Names of rows: of zones, and of the assets of each table."""

    zones: tuple[str, ...]
    one_way: tuple[str, ...] = ()
    storage: tuple[str, ...] = ()
    curtailable: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    generators: tuple[str, ...] = ()


class Solved(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet, its prices and the answer, for ``slots``; money is in ``currency``.

    ``plan`` is the answer in whole Wh, with what had to give; None where nobody asks for it.
    """

    title: str
    session: str
    currency: str
    timezone: str
    slots: Slots
    names: Names
    fleet: Fleet
    prices: Prices
    solution: Solution
    plan: Plan | None = None
