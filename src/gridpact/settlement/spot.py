"""What members traded, as contracts: at one price for all, or at prices of each trade's own.

Every trade goes through the operator, at the seller's price. What the buyer pays beyond it goes to
the network company, from which a buyer that pays less has the difference: such a subsidy is
settled as it was traded. The market's fees per kWh go to the operator.
"""

from __future__ import annotations

from gridpact.base.layers import lay
from gridpact.base.units import Ints
from gridpact.contracts.observables import Const
from gridpact.contracts.products import spot
from gridpact.contracts.terms import Contract
from gridpact.market.messages import SessionTrades
from gridpact.registry.model import Community
from gridpact.settlement.clause import MEMBER, Clause
from gridpact.settlement.day import Trades

_BUY, _SELL = 0, 1


def trade_name(session: str) -> str:
    """Name of a session's trades on statements: ``spot.day-ahead``, without the day."""
    return f"spot.{session.split('.', 1)[-1]}"


def traded(community: Community, trades: Trades) -> Clause:
    """Return a session's trades as one contract, read for all members at once."""
    name = trade_name(trades.session)
    return (
        _at_one_price(community, trades, name)
        if trades.matched is None
        else _at_own_prices(community, trades, trades.matched, name)
    )


def _at_one_price(community: Community, trades: Trades, name: str) -> Clause:
    operator, currency = community.parties.operator, community.currency
    contract = spot.cleared_trades(MEMBER, operator, currency)
    for fee in _fees(community, trades):
        contract += fee
    world = {
        spot.BOUGHT.name: trades.bought_wh,
        spot.SOLD.name: trades.sold_wh,
        spot.PRICE.name: trades.price_micro_per_kwh,
    }
    return Clause(name, contract, world)


def _at_own_prices(
    community: Community, trades: Trades, matched: SessionTrades, name: str
) -> Clause:
    operator, currency = community.parties.operator, community.currency
    world, owner = _series(matched, trades.bought_wh.shape[1])
    contract = spot.matched_trades(MEMBER, operator, currency)
    if world[spot.GRID_PRICE.name].any():
        dso = community.parties.dso
        contract += spot.grid_charge(spot.BOUGHT, spot.GRID_PRICE, MEMBER, dso, currency)
    else:
        del world[spot.GRID_PRICE.name]
    for fee in _fees(community, trades):
        contract += fee
    return Clause(name, contract, world, owner)


def _series(matched: SessionTrades, slots: int) -> tuple[dict[str, Ints], Ints]:
    """Lay trades in rows of their members; return the series [rows, slots] and the owners."""
    laid = lay(matched.sides, slots)
    price, charge = laid.values
    return {
        spot.BOUGHT.name: laid.quantity[_BUY],
        spot.SOLD.name: laid.quantity[_SELL],
        spot.BOUGHT_PRICE.name: price[_BUY],
        spot.SOLD_PRICE.name: price[_SELL],
        spot.GRID_PRICE.name: charge[_BUY],
    }, laid.owner


def _fees(community: Community, trades: Trades) -> list[Contract]:
    """Return the market's fees as contracts; a market without a fee has none."""
    operator, currency = community.parties.operator, community.currency
    return [
        charged(quantity, Const(fee, "micro/kWh"), MEMBER, operator, currency)
        for charged, quantity, fee in (
            (spot.buyer_fee, spot.BOUGHT, trades.buyer_fee_micro_per_kwh),
            (spot.seller_fee, spot.SOLD, trades.seller_fee_micro_per_kwh),
        )
        if fee
    ]
