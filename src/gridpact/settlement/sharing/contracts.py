"""Any contract of the algebra as a sharing key.

The key's contract is written for the party ``member`` and is read for all members at once. What it
obliges anyone to deliver to ``member`` as ``energy``, less what ``member`` is to deliver, is what a
member may claim of the community's production in a slot. It may use these series, and no choices:

- ``sharing:need`` [Wh]: the member's own need in the slot;
- ``sharing:produced`` [Wh]: all that is produced for sharing in the slot;
- ``sharing:share`` [ppm]: the member's declared share.

Payments of the contract are not read. The default dynamic key is the contract that delivers
``sharing:need``; the static key is the one that delivers a ``sharing:share`` of
``sharing:produced``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints, checked_add, checked_sum
from gridpact.contracts.evaluate import World
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.needs import needs_of
from gridpact.contracts.obligations import obligations
from gridpact.contracts.terms import Contract
from gridpact.settlement.clause import MEMBER
from gridpact.settlement.sharing.keys import Claims

NEED, PRODUCED, SHARE = "sharing:need", "sharing:produced", "sharing:share"
SERIES: Mapping[str, str] = {NEED: "Wh", PRODUCED: "Wh", SHARE: "ppm"}
"""What a key's contract may use, and in which unit."""


def problems(contract: Contract) -> list[tuple[str, str]]:
    """Say why a contract cannot be a key: what is wrong and how to put it right, all at once."""
    physical = [leg for leg in legs(contract) if not leg.currency]
    found = [
        (f"it delivers {leg.asset}", "deliver energy, which is all that a key divides")
        for leg in physical
        if leg.asset != "energy"
    ]
    if not any(_sign(leg.giver, leg.taker) for leg in physical):
        fix = f"deliver energy to a party called {MEMBER!r}"
        found.append((f"it delivers nothing to {MEMBER!r}", fix))
    return found + _unknown(physical)


def _unknown(physical: list[Leg]) -> list[tuple[str, str]]:
    required = needs_of(leg.amount for leg in physical)
    known = ", ".join(f"{name} [{unit}]" for name, unit in SERIES.items())
    series = [
        (f"it needs the series {need.name} [{need.unit}]", f"use {known}")
        for need in required.series
        if SERIES.get(need.name) != need.unit
    ]
    choices = [
        (f"it leaves the choice {need.label!r} open", "let a series or a number decide")
        for need in required.choices
    ]
    return series + choices


def claims(
    contract: Contract, slots: Slots, need_wh: Ints, produced_wh: Ints, share_ppm: Ints
) -> Claims:
    """Read the claims of a contract that has no :func:`problems`.

    Parameters
    ----------
    contract : Contract
        For the party ``member``.
    slots : Slots
        All of the period: totals of the contract are over these.
    need_wh, produced_wh, share_ppm : int64 [members, slots], [slots], [members]
        What its series stand for.

    Raises
    ------
    MissingSeries, NumberOverflow, DivisorNotPositive, NotOnSlots
        As every reading of a contract.
    """
    world: World = {
        NEED: need_wh,
        PRODUCED: produced_wh,
        SHARE: np.repeat(share_ppm[:, None], slots.count, axis=1),
    }
    claimed = np.zeros_like(need_wh)
    for owed in obligations(contract, world, slots):
        sign = _sign(owed.giver, owed.taker)
        if owed.asset == "energy" and sign:
            claimed = checked_add(claimed, np.broadcast_to(sign * owed.low, claimed.shape))
    return Claims(np.maximum(claimed, 0))


def produced(surplus_wh: Ints) -> Ints:
    """Return what is produced for sharing, int64 [slots], of surplus [members, slots]."""
    return checked_sum(surplus_wh, axis=0)


def _sign(giver: str, taker: str) -> int:
    return (taker == MEMBER) - (giver == MEMBER)
