"""Plans and activations that are in force for diaries, with what they were made from."""

from __future__ import annotations

from typing import NamedTuple

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.diaries.holds import Holds
from gridpact.scheduling.diaries.without import Without
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.problem import Plan, Problem
from gridpact.scheduling.standing.bound_sums import Binding


class Piece(NamedTuple):
    """A plan over the slots of its problem, in force for ``first_s ≤ instant < end_s``.

    ``problem`` and ``stated``, the needs of owners with those that stood bound to them, are as they
    would be had nobody decided anything about a diary; ``holds`` is what had been decided.
    ``needs`` stood, ``bindings`` are the bounds they put. ``without`` says what the plan would be
    without some of them.
    """

    problem: Problem
    plan: Plan
    stated: NeedsStated
    bindings: tuple[Binding, ...]
    needs: tuple[Need, ...]
    holds: Holds
    without: Without
    first_s: int
    end_s: int

    @property
    def slots(self) -> Slots:
        """The slots of the plan."""
        return self.problem.slots


class Asked(NamedTuple):
    """An activation: what storage gives of it [storage], Wh, and set-points [storage, slots], Wh.

    ``way`` is −1 where it asks for less net power, 1 for more.
    """

    id: str
    window: Slots
    given_wh: Ints
    net_wh: Ints
    way: int
