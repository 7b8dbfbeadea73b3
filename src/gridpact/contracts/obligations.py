"""The second reading of a contract: what is to be delivered, with bounds while choices are open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.cashflows import names_of
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs_of
from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import Contract


@dataclass(frozen=True, slots=True, eq=False)
class Obligation:
    """A physical leg. ``low`` and ``high`` are int64 [..., slots] in the asset's unit.

    ``amount`` is the coefficient itself, symbolic in open choices: a scheduler that needs more
    than outer bounds (which lose the correlation between legs) reads it.
    """

    asset: str
    giver: str
    taker: str
    low: Ints
    high: Ints
    amount: Observable

    @property
    def is_fixed(self) -> bool:
        """Whether nothing is left to decide."""
        return bool(np.array_equal(self.low, self.high))


def obligations(
    contract: Contract, world: World, slots: Slots, *, cut_periods: bool = False
) -> tuple[Obligation, ...]:
    """Return the physical legs of a contract, in the order agreed.

    A choice that ``world`` binds (``choice:<label>``) is fixed; one that it does not is open and
    widens ``[low, high]``. Only series on which a physical amount depends are required; raises as
    :func:`gridpact.contracts.cashflows.cashflows` otherwise.
    """
    physical = [leg for leg in legs(contract) if not leg.currency]
    sheet = Sheet(world, slots, open_choices=True, cut_periods=cut_periods)
    required = needs_of(leg.amount for leg in physical)
    shape = sheet.shape([name for name in names_of(required) if name in world])
    found = []
    for leg in physical:
        cells = sheet.needed(leg.amount)
        low, high = (np.array(np.broadcast_to(end, shape)) for end in (cells.low, cells.high))
        found.append(Obligation(leg.asset, leg.giver, leg.taker, low, high, leg.amount))
    return tuple(found)
