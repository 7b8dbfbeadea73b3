"""Imbalance settlement: a member's deviation from plan at the imbalance price's spread."""

from __future__ import annotations

from gridpact.contracts.observables import Series
from gridpact.contracts.terms import Contract, pay

DEVIATION = Series("imbalance:deviation", "Wh")
SPREAD = Series("imbalance:spread", "micro/kWh")


def imbalance_settlement(member: str, operator: str, currency: str) -> Contract:
    """Pay the member deviation × spread; where that is negative the member pays.

    The deviation [Wh] is positive with more surplus or less need than planned; the spread
    [µ¤/kWh] is the imbalance price minus the spot price at which the plan was priced.
    """
    return pay(DEVIATION * SPREAD, operator, member, "imbalance", currency)
