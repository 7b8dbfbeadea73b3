"""Every trade of a clearing as a contract between its two sides, and the hash of its terms.

A trade is a :func:`~gridpact.contracts.products.spot.spot_trade` of its energy in its slot at the
price that the seller receives. Where the buyer pays another price, the difference is a
:func:`~gridpact.contracts.products.spot.grid_charge` to the network company, by distance or for a
scarce line; it may be negative. So the cash flows of all contracts add up to what
:func:`~gridpact.market.clearing.matched.accounts_nano` says of the clearing.

Terms say what was agreed, not who ordered it when: two trades of the same pair with the same
energy, slot and price have the same terms and hash. Their orders' sequences tell them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import attrgetter

import msgspec

from gridpact.base.slots import Slots
from gridpact.base.units import checked_add, checked_multiply
from gridpact.contracts.canonical import keccak256, to_bytes
from gridpact.contracts.observables import Const, Profile, check_name
from gridpact.contracts.products.spot import grid_charge, spot_trade
from gridpact.contracts.terms import Contract
from gridpact.market.clearing.matched import Matched
from gridpact.market.orders import Orders


class Marketplace(msgspec.Struct, frozen=True):
    """Where trades are made: slots traded, members' names by row, currency, network company."""

    window: Slots
    names: tuple[str, ...]
    currency: str
    network: str


class Trade(msgspec.Struct, frozen=True):
    """One trade: names, start of its slot [s since the epoch], Wh, price and charge [µ¤/kWh]."""

    seller: str
    buyer: str
    start: int
    quantity_wh: int
    price_micro_per_kwh: int
    charge_micro_per_kwh: int


def trades_of(orders: Orders, matched: Matched, place: Marketplace) -> list[Trade]:
    """List the trades of a clearing with names in place of rows, in their order.

    Raises
    ------
    IndexError
        A slot or member is not one of the marketplace's.
    NumberOverflow
        A trade's worth does not fit 64 bits: no contract could pay it.
    """
    trades, starts, names = matched.trades, place.window.starts(), place.names
    price = trades.seller_micro_per_kwh
    charge = checked_add(trades.buyer_micro_per_kwh, -price)
    for each in (price, charge):
        checked_multiply(trades.quantity_wh, each)
    columns = (
        orders.member[trades.sell].tolist(),
        orders.member[trades.buy].tolist(),
        starts[orders.slot[trades.buy]].tolist(),
        trades.quantity_wh.tolist(),
        price.tolist(),
        charge.tolist(),
    )
    return [
        Trade(names[seller], names[buyer], *terms)
        for seller, buyer, *terms in zip(*columns, strict=True)
    ]


def to_contract(trade: Trade, place: Marketplace) -> Contract:
    """Return what the two sides agreed. Raises IllFormed where a name cannot stand in terms."""
    quantity = Profile(trade.start, place.window.step, (trade.quantity_wh,), "Wh")
    price = Const(trade.price_micro_per_kwh, "micro/kWh")
    sold = spot_trade(quantity, price, trade.seller, trade.buyer, place.currency)
    if not trade.charge_micro_per_kwh:
        return sold
    charge = Const(trade.charge_micro_per_kwh, "micro/kWh")
    return sold + grid_charge(quantity, charge, trade.buyer, place.network, place.currency)


def trade_contracts(orders: Orders, matched: Matched, place: Marketplace) -> list[Contract]:
    """Return every trade of a clearing as a contract, in the order of the trades.

    Errors as :func:`trades_of` and :func:`to_contract`.
    """
    return [to_contract(trade, place) for trade in trades_of(orders, matched, place)]


def terms_of(trades: Sequence[Trade], place: Marketplace) -> list[bytes]:
    """Write the canonical bytes of many trades' contracts.

    The same as :func:`~gridpact.contracts.canonical.to_bytes` of each :func:`to_contract`, several
    times faster: what all trades have in common is written once. Errors as :func:`to_contract`.
    """
    for name in sorted({name for trade in trades for name in (trade.seller, trade.buyer)}):
        check_name(name, "party")
    plain, charged = _form(place, charged=False), _form(place, charged=True)
    forms = ((charged if trade.charge_micro_per_kwh else plain, trade) for trade in trades)
    return [(text % fields(trade)).encode("ascii") for (text, fields), trade in forms]


def trade_hashes(orders: Orders, matched: Matched, place: Marketplace) -> list[bytes]:
    """keccak-256 of the terms of every trade, in the order of the trades; 32 bytes each.

    Errors as :func:`trades_of` and :func:`to_contract`.
    """
    return [keccak256(terms) for terms in terms_of(trades_of(orders, matched, place), place)]


_UNLIKELY = 7_919_000_003
_MARK = Trade(
    "the-seller-in-this-place", "the-buyer-in-this-place", 0, *(_UNLIKELY + at for at in range(3))
)


def _form(
    place: Marketplace, *, charged: bool
) -> tuple[str, Callable[[Trade], tuple[str | int, ...]]]:
    """Terms with a gap for each value that differs from trade to trade, and what fills them."""
    mark = msgspec.structs.replace(
        _MARK,
        start=(_UNLIKELY - 1) * place.window.step,
        charge_micro_per_kwh=_MARK.charge_micro_per_kwh if charged else 0,
    )
    values = {str(value): name for name, value in msgspec.structs.asdict(mark).items() if value}
    marks = "|".join(f'(?<="){re.escape(value)}(?=")' for value in values)
    text = to_bytes(to_contract(mark, place)).decode("ascii")
    gaps = [values[found] for found in re.findall(marks, text)]
    return re.sub(marks, "%s", text.replace("%", "%%")), attrgetter(*gaps)
