"""Every trade of a run as one row of a table, for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.record import Record
from gridpact.base.units import Bools, Ints, checked_multiply
from gridpact.market.messages import SessionCleared, SessionTrades
from gridpact.registry.model import Community

if TYPE_CHECKING:
    import polars as pl

_WHOLE = (
    "slot_start",
    "energy_wh",
    "seller_micro_per_kwh",
    "buyer_micro_per_kwh",
    "grid_nano",
    "buyer_fee_nano",
    "seller_fee_nano",
    "sell_order",
    "buy_order",
)


def trades(record: Record) -> pl.DataFrame:
    """One row per trade of every session, in order of clearing; ``slot_start`` in epoch seconds.

    Where trades have prices of their own a row is a trade between two members. A market that
    clears at one price for all decides what each member buys and sells, and not from whom: there a
    row is what one member trades with the operator in a slot, first all that is bought.
    ``grid_nano`` goes from the buyer to the network company, the fees to the operator.
    """
    import polars as pl

    community = record.opening().community
    text = {"session": pl.String, "seller": pl.String, "buyer": pl.String}
    schema = text | dict.fromkeys(_WHOLE, pl.Int64)
    tables = [
        pl.DataFrame(_columns(community, cleared), schema_overrides=schema)
        for cleared in record.all(SessionCleared)
    ]
    order = ["session", "slot_start", "seller", "buyer", *_WHOLE[1:]]
    return (pl.concat(tables) if tables else pl.DataFrame(schema=schema)).select(order)


def _columns(community: Community, cleared: SessionCleared) -> dict[str, list[str] | Ints | None]:
    """Columns of one session's trades."""
    rows = _at_one_price(cleared) if cleared.trades is None else cleared.trades
    names = np.array([*community.members.ids, community.parties.operator], np.str_)
    member = len(community.members.ids)
    rules = community.market.trading(cleared.session.kind)
    energy = rows.quantity_wh
    own = cleared.trades is not None
    return {
        "session": [cleared.session.id] * energy.size,
        "slot_start": cleared.session.window.starts()[rows.slot],
        "seller": names[rows.seller].tolist(),
        "buyer": names[rows.buyer].tolist(),
        "energy_wh": energy,
        "seller_micro_per_kwh": rows.seller_micro_per_kwh,
        "buyer_micro_per_kwh": rows.buyer_micro_per_kwh,
        "grid_nano": checked_multiply(energy, rows.grid_micro_per_kwh),
        "buyer_fee_nano": _fee(energy, rows.buyer < member, rules.buyer_fee_micro_per_kwh),
        "seller_fee_nano": _fee(energy, rows.seller < member, rules.seller_fee_micro_per_kwh),
        "sell_order": rows.sell_order if own else None,
        "buy_order": rows.buy_order if own else None,
    }


def _fee(energy_wh: Ints, is_member: Bools, fee: int) -> Ints:
    return checked_multiply(energy_wh * is_member, np.asarray(fee, np.int64))


def _at_one_price(cleared: SessionCleared) -> SessionTrades:
    """What each member trades with the operator, whose row comes after all members'."""
    price = cleared.price_micro_per_kwh
    buyer, buys = np.nonzero(cleared.bought_wh)
    seller, sells = np.nonzero(cleared.sold_wh)
    operator = cleared.bought_wh.shape[0]
    slot = np.concatenate([buys, sells])
    none = np.zeros_like(slot)
    return SessionTrades(
        np.concatenate([np.full_like(buyer, operator), seller]),
        np.concatenate([buyer, np.full_like(seller, operator)]),
        slot,
        np.concatenate([cleared.bought_wh[buyer, buys], cleared.sold_wh[seller, sells]]),
        price[slot],
        price[slot],
        none,
        none,
    )
