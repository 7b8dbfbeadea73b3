"""What a schedule says of contracts: which choices it makes, and what they come to in money."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints, checked_add
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.evaluate import World
from gridpact.scheduling.obligations.columns import decision
from gridpact.scheduling.obligations.model import Agreed, BoundContracts


def decisions(bound: BoundContracts, net_wh: Floats) -> dict[str, dict[str, Ints]]:
    """Return the choices [slots] that a schedule makes, by contract and name in its world.

    ``net_wh`` [zones, slots] is that of the solution. A series that the schedule decides goes by
    its own name. Amounts are rounded to whole units.
    """
    made: dict[str, dict[str, Ints]] = {}
    for column in bound.columns:
        chosen = made.setdefault(column.agreed, {})
        chosen[column.choice.key] = decision(column, net_wh)
    return made


def paid_by(agreed: Agreed, bound: BoundContracts, world: World) -> Ints:
    """Return what the party pays by a contract [slots], nano-¤: its cash flows in a world."""
    flows = cashflows(agreed.contract, world, bound.slots, cut_periods=agreed.cut_periods)
    total = np.zeros(bound.slots.count, np.int64)
    for (payer, payee, _, _), amount in flows.items():
        sign = (payer == agreed.party) - (payee == agreed.party)
        total = checked_add(total, sign * amount)
    return total
