"""A file of orders under every mechanism: no community, no supplier, only the orders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.compare.accounts import at_own_prices
from gridpact.app.compare.clearing import cleared_of, left_out, too_crowded
from gridpact.app.compare.mechanisms import Outcome, Totals, outcome_of, own_trades
from gridpact.app.compare.rules import Variant, both_under
from gridpact.app.orders.books import FileBook, Market, book_of
from gridpact.app.orders.columns import columns_of
from gridpact.app.orders.fields import FIELDS
from gridpact.app.orders.reading import Known, Wanted, read_orders
from gridpact.app.orders.tables import read_table
from gridpact.base.errors import BadInput, Fault, NumberOverflow
from gridpact.base.units import INT64_MAX, NANO_PER_UNIT, Ints, checked_add, checked_multiply
from gridpact.contracts.tables.faults import Report
from gridpact.market import dispatch
from gridpact.market.clearing.matched import total_by
from gridpact.market.orders import Side
from gridpact.market.terms import terms_of
from gridpact.registry.model import TradingRules

BLOCKS_ALONE = "Orders over several slots take part under block-orders alone."
PREFERENCES_ALONE = "What orders prefer beside price counts under preference alone."


class OrdersCompared(msgspec.Struct, frozen=True, kw_only=True):
    """Mechanisms on the orders of one file; gains are against the orders' own limits.

    ``currency`` is ¤ where the file names none.
    """

    kind: str = "orders"
    file: str
    currency: str
    members: tuple[str, ...]
    orders: int
    slots: int
    mechanisms: tuple[Outcome, ...]
    remarks: tuple[str, ...]


def compare_orders(
    path: Path, mechanisms: Sequence[str], slot_s: int, limits: tuple[int, int]
) -> OrdersCompared:
    """Clear the orders of a file under each mechanism.

    Parameters
    ----------
    path : Path
        CSV, JSON lines or Parquet, as :func:`gridpact.app.orders.reading.read_orders` takes.
    mechanisms : sequence of str
        Names of mechanisms, in the order of the comparison.
    slot_s : int
        Length of a slot [s].
    limits : (int, int)
        Lowest and highest price of the market [µ¤/kWh].

    Raises
    ------
    BadInput
        Lists every fault of the file, or says that its orders are worth more than can be counted.
    """
    wanted = read_orders(path, None, Known(slot_s=slot_s))
    rules = TradingRules(mechanism=_widest(wanted))
    found = book_of(str(path), wanted, Market(rules, *limits, slot_s))
    crowded = too_crowded({"": found.book}) if "preference" in mechanisms else ""
    chosen = [name for name in mechanisms if not (crowded and name == "preference")]
    if not chosen:
        raise BadInput([Fault(str(path), 0, "", crowded, "compare other mechanisms too")])
    said = (_has_blocks(wanted), rules.mechanism == "preference", bool(crowded))
    remarks = (BLOCKS_ALONE, PREFERENCES_ALONE, left_out(crowded))
    outcomes = _outcomes(path, found, chosen, _totals(wanted))
    texts = tuple(text for text, holds in zip(remarks, said, strict=True) if holds)
    return OrdersCompared(
        file=path.name,
        currency=_currency(path),
        members=found.venue.community.members.ids,
        orders=len(wanted),
        slots=found.book.slots.count,
        mechanisms=outcomes,
        remarks=(*texts, *own_trades(outcomes)),
    )


def _currency(path: Path) -> str:
    """The currency that the prices of a file without faults are in."""
    report = Report(str(path))
    return columns_of(read_table(path, report), FIELDS, "order", report).currency or "¤"


def _widest(wanted: Sequence[Wanted]) -> str:
    """The mechanism that takes what the orders say beside side, size and limit."""
    if _has_blocks(wanted):
        return "block-orders"
    premiums = (
        max(
            each.order.green_micro_per_kwh,
            each.order.partner_micro_per_kwh,
            each.order.near_micro_per_kwh,
        )
        for each in wanted
    )
    return "preference" if max(premiums) >= 0 else "uniform-price"


def _has_blocks(wanted: Sequence[Wanted]) -> bool:
    return any(each.order.is_block for each in wanted)


def _totals(wanted: Sequence[Wanted]) -> Totals:
    asked, offered = (
        sum(each.order.quantity_wh * each.order.slots for each in wanted if each.order.side == side)
        for side in (Side.BUY, Side.SELL)
    )
    return Totals(asked, offered)


def _outcomes(
    path: Path, found: FileBook, mechanisms: Sequence[str], totals: Totals
) -> tuple[Outcome, ...]:
    """Clear under each mechanism; BadInput where money leaves 64 bits."""
    try:
        return tuple(_outcome(found, name, totals) for name in mechanisms)
    except NumberOverflow as error:
        problem = f"the orders trade for more than {INT64_MAX // NANO_PER_UNIT:,} ¤ together"
        fix = "look for a quantity or limit that is too large, or compare fewer orders at once"
        raise BadInput([Fault(str(path), 0, "quantity × limit", problem, fix)]) from error


def _outcome(found: FileBook, mechanism: str, totals: Totals) -> Outcome:
    community = found.venue.community
    rules = both_under(community.market, mechanism)
    terms = terms_of(rules, rules.day_ahead)
    outcome = dispatch.clear_under(found.book, found.venue, terms, 0)
    cleared = cleared_of(outcome)
    shape = (len(community.members.ids), found.book.slots.count)
    account = at_own_prices(cleared.trades, shape, rules.day_ahead)
    gains = [int(gain) for gain in _gains(outcome, shape[0])]
    if cleared.welfare_nano > INT64_MAX:
        raise NumberOverflow("a welfare does not fit 64 bits")
    return outcome_of(Variant(mechanism, rules), [cleared], [account], gains, totals)


def _gains(outcome: dispatch.Outcome, members: int) -> Ints:
    """What members gain against their own limits [nano-¤, members]."""
    orders = outcome.orders
    worth = checked_multiply(orders.side * outcome.accepted_wh, orders.limit_micro_per_kwh)
    return np.asarray(total_by(orders.member, checked_add(worth, -outcome.paid_nano), members))
