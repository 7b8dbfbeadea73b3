"""How a fleet is to be solved, and who is told of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Literal, TypeAlias

import msgspec

from gridpact.scheduling.fleet.solution import Round


def _never() -> bool:
    return False


Method: TypeAlias = Literal["auto", "engine", "reference"]
"""What solves a fleet."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to solve.

    ``method``: ``engine``, ``reference`` (one programme for the whole fleet, exact and slow), or
    ``auto``: the engine, and the reference where the engine does not know a shape, leaves the gap
    of a small fleet open, or would take longer: few assets in a long horizon. ``gap`` is the proven
    relative gap at which to stop, ``rounds`` the most rounds of prices, ``nodes`` the most that the
    reference's search for whole numbers goes through before it takes the best answer so far.
    ``parts`` is how many groups the assets of one kind in one zone are cut into. ``penalty``
    [µ¤/kWh] is what missing a limit costs at first (None: chosen from the prices); it is raised
    while limits are missed, tenfold at most ``raises`` times: 0 does where nothing else costs
    anything. ``balances``: ask first at prices under which what is due finds too little room
    (:mod:`~gridpact.scheduling.fleet.balances`), where limits are likely to be missed. ``executor``
    spreads the assets' answers in ``tasks`` tasks; the answer is the same bit for bit. ``progress``
    is told of every round; once ``cancelled`` says so, the solve stops after its round (and at most
    two more answers of all while limits are missed), and homes' searches for whole numbers (unless
    an executor makes them) at once, with the best answer so far. The reference tells of no rounds;
    cancelled, it ends a search for whole numbers with the best answer so far, and goes on to the
    end of anything else.
    """

    method: Method = "auto"
    gap: float = 1e-3
    rounds: int = 200
    nodes: int = 1_000_000
    parts: int = 4
    penalty: float | None = None
    raises: int = 3
    balances: bool = False
    executor: Executor | None = None
    tasks: int = 8
    progress: Callable[[Round], None] | None = None
    cancelled: Callable[[], bool] = _never
