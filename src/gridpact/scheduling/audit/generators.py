"""Check generators: find the cheapest commitment that gives the output scheduled.

Whether a generator that gives nothing is on cannot be seen; every possibility is followed slot by
slot, as states (on or off, for so many slots) with the least that each has cost.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.audit.columns import Rows
from gridpact.scheduling.audit.report import TOUCH_WH, Breaches

State: TypeAlias = tuple[bool, int]
"""On or off, and for how many slots, counted no further than the least time."""


class _Unit(msgspec.Struct, frozen=True):
    """One generator: energies [slots] Wh, times in slots, costs [nano-¤]."""

    most: Floats
    least: Floats
    up: int
    down: int
    idle: float
    start: float
    ramp: float

    def lasts(self, state: State) -> bool:
        """Whether a state has lasted long enough to be left."""
        return state[1] >= (self.up if state[0] else self.down)

    def stays(self, state: State) -> State:
        """The same state one slot later."""
        return state[0], min(state[1] + 1, max(self.up, self.down))

    def gives(self, slot: int, output: float, *, on: bool) -> bool:
        """Whether it can give this output in a slot when on, or when off."""
        if not on:
            return abs(output) <= TOUCH_WH
        least, most = self.least[slot] - TOUCH_WH, self.most[slot] + TOUCH_WH
        return bool(least <= output <= most)


def check_generators(breaches: Breaches, own: Rows, output: Floats) -> Floats:
    """Check output [rows, slots] Wh; return fuel, idle and start costs [nano-¤]."""
    beyond = output - own.energy("max_w")
    breaches.above("gives beyond its power", own.name, own.rows, beyond)
    cost = own.number("fuel") * output.sum(axis=1)
    before = own.whole("before")
    for at in range(len(output)):
        unit = _unit(own, at)
        longest = max(unit.up, unit.down)
        begins = (bool(before[at] > 0), min(abs(int(before[at])), longest))
        slot, spent = _follow(unit, begins, output[at])
        cost[at] += spent
        if slot < own.slots:
            place = (own.name, int(own.rows[at]), slot)
            breaches.add("no commitment gives this output", place, abs(float(output[at, slot])))
    return np.asarray(cost)


def _unit(own: Rows, at: int) -> _Unit:
    up, down = (min(int(own.whole(name)[at]), own.slots) for name in ("min_up", "min_down"))
    return _Unit(
        most=own.energy("max_w")[at],
        least=own.energy("min_w")[at],
        up=max(up, 1),
        down=max(down, 1),
        idle=float(own.number("idle_cost")[at]) * 1000,
        start=float(own.number("start_cost")[at]) * 1000,
        ramp=float(own.number("ramp_w")[at]) * own.hours,
    )


def _follow(unit: _Unit, begins: State, output: Floats) -> tuple[int, float]:
    """Slots that some commitment gives, and the least cost of being on up to there."""
    reached: dict[State, float] = {begins: 0.0}
    for slot, now in enumerate(output.tolist()):
        step = abs(now - float(output[slot - 1])) if slot else 0.0
        following: dict[State, float] = {}
        for state, cost in reached.items():
            for other, more in _moves(unit, state, step):
                if unit.gives(slot, now, on=other[0]):
                    best = following.get(other, np.inf)
                    following[other] = min(best, cost + more)
        if not following:
            return slot, min(reached.values())
        reached = following
    return len(output), min(reached.values())


def _moves(unit: _Unit, state: State, step: float) -> list[tuple[State, float]]:
    """States after a slot in which output changed by ``step``, and what they cost."""
    moves: list[tuple[State, float]] = []
    if not state[0] or step <= unit.ramp + TOUCH_WH:
        moves.append((unit.stays(state), unit.idle if state[0] else 0.0))
    if unit.lasts(state):
        cost = 0.0 if state[0] else unit.idle + unit.start
        moves.append(((not state[0], 1), cost))
    return moves
