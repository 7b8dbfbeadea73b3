"""The first reading of a contract: who pays whom how much, slot by slot."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints, checked_add
from gridpact.contracts.evaluate import Known, Sheet, World
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import Needs, needs
from gridpact.contracts.observables import CHOICE_PREFIX
from gridpact.contracts.terms import Contract

__all__ = ["Flow", "Flows", "Known", "World", "cashflows"]

Flow: TypeAlias = tuple[str, str, str, str]
Flows: TypeAlias = dict[Flow, Ints]


def cashflows(
    contract: Contract, world: World, slots: Slots, *, cut_periods: bool = False
) -> Flows:
    """Evaluate every money leg of a contract.

    Parameters
    ----------
    contract : Contract
        Terms, possibly a template whose parties are role placeholders such as ``"member"``.
    world : mapping of name to int64 [..., slots] or Known
        Every series that :func:`gridpact.contracts.needs.needs` names, and every choice as
        ``choice:<label>``. Leading axes broadcast: with ``[members, slots]`` arrays one template
        is evaluated for all members at once.
    slots : Slots
        The slots evaluated; the last axis of every array.
    cut_periods : bool
        Let the parts of calendar periods at both ends count as whole ones, as at the end of a
        contract that is terminated. Otherwise a fold over a cut period is refused.

    Returns
    -------
    dict of (payer, payee, currency, kind) to int64 [..., slots]
        nano-currency. Legs of one key are added; a negative amount flows the other way. All
        arrays have the common shape of the series that the contract needs, so a constant fee is
        charged to each row.

    Raises
    ------
    MissingSeries
        A series is not in the world, or a needed value of it is absent (an absence under a mask
        that is 0 is not needed). Names the series and the starts of the slots.
    NumberOverflow
        A product or sum does not fit 64 bits.
    PeriodCut
        A fold runs over calendar periods of which the slots hold only a part.
    ChoiceOutOfBounds, DivisorNotPositive, NotOnSlots, UnitMismatch, IllFormed
        See :mod:`gridpact.contracts.errors`.
    """
    sheet = Sheet(world, slots, cut_periods=cut_periods)
    names = names_of(needs(contract))
    sheet.require(names)
    shape = sheet.shape(names)
    flows: Flows = {}
    for leg in legs(contract):
        if leg.currency:
            amount = sheet.needed(leg.amount).low
            key = (leg.giver, leg.taker, leg.currency, leg.kind)
            flows[key] = checked_add(flows[key], amount) if key in flows else amount
    return {key: np.array(np.broadcast_to(amount, shape)) for key, amount in flows.items()}


def names_of(required: Needs) -> list[str]:
    """Return the names under which a world binds what is needed."""
    series = [need.name for need in required.series]
    return series + [CHOICE_PREFIX + need.label for need in required.choices]
