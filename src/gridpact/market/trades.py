"""Trades become contracts: each member's part of a clearing as one value of the algebra."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.base.layers import lay
from gridpact.base.units import Ints
from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.observables import Const, Profile
from gridpact.contracts.products.spot import buyer_fee, grid_charge, seller_fee, spot_trade
from gridpact.contracts.terms import All, Contract
from gridpact.market.messages import Session, SessionCleared, SessionTrades
from gridpact.registry.model import Community

_BUY, _SELL = 0, 1


@dataclass(frozen=True)
class _Part:
    """What one member bought and sold at one price per slot, both [slots of the window].

    Quantities are [2, slots], as are prices [µ¤/kWh]: bought, then sold. ``grid`` [slots] is what
    a buyer pays beyond the seller's price.
    """

    wh: Ints
    price: Ints
    grid: Ints


def trade_contract(community: Community, cleared: SessionCleared, member: int) -> Contract:
    """Return what one member agreed in a session: quantities [Wh] and prices fixed by slot.

    The operator is the counterparty of both sides, at the seller's price. What a buyer pays beyond
    it goes to the network company, and the market's fees to the operator. A member that traded
    nothing has the empty contract.
    """
    return _of_member(community, cleared, member, _parts(cleared, [member])[member])


def traders(cleared: SessionCleared) -> Ints:
    """Rows of the members who traded in a session."""
    return np.flatnonzero((cleared.bought_wh | cleared.sold_wh).any(axis=1))


def terms_hashes(community: Community, cleared: SessionCleared) -> list[bytes]:
    """keccak-256 of the terms of every contract a session made, in the traders' row order."""
    rows = traders(cleared).tolist()
    parts = _parts(cleared, rows)
    return [terms_hash(_of_member(community, cleared, row, parts[row])) for row in rows]


def _parts(cleared: SessionCleared, members: list[int]) -> dict[int, list[_Part]]:
    """What each member traded: at one price for all in one part, else in as many as it needs."""
    if cleared.trades is not None:
        return _own_parts(cleared.trades, cleared.session.window.count, members)
    # a slot without trade has no price, and no quantity either
    price = np.where(cleared.traded, cleared.price_micro_per_kwh, 0)
    both, none = np.stack([price, price]), np.zeros_like(price)
    return {
        row: [_Part(np.stack([cleared.bought_wh[row], cleared.sold_wh[row]]), both, none)]
        for row in members
    }


def _own_parts(trades: SessionTrades, slots: int, members: list[int]) -> dict[int, list[_Part]]:
    laid = lay(trades.sides, slots)
    price, charge = laid.values
    found: dict[int, list[_Part]] = {row: [] for row in members}
    for at, owner in enumerate(laid.owner.tolist()):
        if owner in found:
            part = _Part(laid.quantity[:, at], price[:, at], charge[_BUY, at])
            found[owner].append(part)
    return found


def _of_member(
    community: Community, cleared: SessionCleared, member: int, parts: list[_Part]
) -> Contract:
    name = community.members.ids[member]
    terms = [
        *(term for part in parts for term in _terms(community, cleared.session, name, part)),
        *_fees(community, cleared, member),
    ]
    return terms[0] if len(terms) == 1 else All(tuple(terms))


def _terms(community: Community, session: Session, name: str, part: _Part) -> list[Contract]:
    """Sales and grid charge of one part, as far as there are any."""
    operator, currency = community.parties.operator, community.currency
    found: list[Contract] = []
    for side, seller, buyer in ((_BUY, operator, name), (_SELL, name, operator)):
        if part.wh[side].any():
            quantity = _profile(session, part.wh[side], "Wh")
            price = _profile(session, part.price[side], "micro/kWh")
            found.append(spot_trade(quantity, price, seller, buyer, currency))
    if part.grid.any():
        quantity = _profile(session, part.wh[_BUY], "Wh")
        charge = _profile(session, part.grid, "micro/kWh")
        found.append(grid_charge(quantity, charge, name, community.parties.dso, currency))
    return found


def _fees(community: Community, cleared: SessionCleared, member: int) -> list[Contract]:
    """Return the market's fees on all that a member bought and sold, as far as there are any."""
    rules = community.market.trading(cleared.session.kind)
    name, operator = community.members.ids[member], community.parties.operator
    return [
        charged(
            _profile(cleared.session, wh[member], "Wh"),
            Const(fee, "micro/kWh"),
            name,
            operator,
            community.currency,
        )
        for charged, wh, fee in (
            (buyer_fee, cleared.bought_wh, rules.buyer_fee_micro_per_kwh),
            (seller_fee, cleared.sold_wh, rules.seller_fee_micro_per_kwh),
        )
        if fee and wh[member].any()
    ]


def _profile(session: Session, values: Ints, unit: str) -> Profile:
    return Profile(session.window.start, session.window.step, tuple(values.tolist()), unit)
