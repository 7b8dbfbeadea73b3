"""Trades become contracts: each member's part of a clearing as one value of the algebra."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Ints
from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.observables import Profile
from gridpact.contracts.products.spot import spot_trade
from gridpact.contracts.terms import All, Contract
from gridpact.market.messages import Session, SessionCleared
from gridpact.registry.model import Community


def _profile(session: Session, values: Ints, unit: str) -> Profile:
    return Profile(session.window.start, session.window.step, tuple(values.tolist()), unit)


def _price(cleared: SessionCleared) -> Profile:
    """Price of a session by slot; a slot without trade has none, and no quantity either."""
    price = np.where(cleared.traded, cleared.price_micro_per_kwh, 0)
    return _profile(cleared.session, price, "micro/kWh")


def trade_contract(community: Community, cleared: SessionCleared, member: int) -> Contract:
    """Return what one member agreed in a session: quantities [Wh] and prices fixed by slot.

    The operator is the counterparty of both sides. A member that traded nothing has the empty
    contract.
    """
    price = _price(cleared)
    return _of_member(community, cleared, member, price)


def _of_member(
    community: Community, cleared: SessionCleared, member: int, price: Profile
) -> Contract:
    name, operator = community.members.ids[member], community.parties.operator
    currency = community.currency
    parts: list[Contract] = []
    for wh, seller, buyer in (
        (cleared.bought_wh[member], operator, name),
        (cleared.sold_wh[member], name, operator),
    ):
        if wh.any():
            quantity = _profile(cleared.session, wh, "Wh")
            parts.append(spot_trade(quantity, price, seller, buyer, currency))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def traders(cleared: SessionCleared) -> Ints:
    """Rows of the members who traded in a session."""
    return np.flatnonzero((cleared.bought_wh | cleared.sold_wh).any(axis=1))


def terms_hashes(community: Community, cleared: SessionCleared) -> list[bytes]:
    """keccak-256 of the terms of every contract a session made, in the traders' row order."""
    price = _price(cleared)
    return [
        terms_hash(_of_member(community, cleared, row, price)) for row in traders(cleared).tolist()
    ]
