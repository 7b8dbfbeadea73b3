"""Books of files: the same as orders placed one by one, and figures as a plain loop gives them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.orders import trades
from gridpact.app.orders.books import Market, book_of
from gridpact.app.orders.figures import depth, results, total
from gridpact.app.orders.reading import Wanted
from gridpact.market.book import open_book, place
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.dispatch import clear_under
from gridpact.market.orders import PlacedOrder, Side
from gridpact.registry.model import TradingRules

START = 1_781_521_200


@st.composite
def files(draw, blocks=False):
    """Orders of a few members in a few slots, with ties, some of them over several slots."""
    found = []
    for number in range(draw(st.integers(1, 12))):
        over = draw(st.integers(1, 3)) if blocks else 1
        order = PlacedOrder(
            key=f"k{number}",
            participant=draw(st.sampled_from(["a", "b", "c"])),
            side=draw(st.sampled_from(Side)),
            slot_start=START + 900 * draw(st.integers(0, 3)),
            quantity_wh=draw(st.integers(1, 9)),
            limit_micro_per_kwh=draw(st.integers(-3, 9)) * 10_000,
            slots=over,
            green=draw(st.booleans()),
        )
        found.append(Wanted(number + 2, "", order))
    return found


def market(mechanism):
    return Market(TradingRules(mechanism=mechanism), -500_000, 4_000_000, 900)


@settings(deadline=None)
@given(files(blocks=True))
def test_a_book_is_that_of_orders_placed_one_by_one(wanted):
    found = book_of("o.csv", wanted, market("block-orders"))
    book = open_book(found.book.slots)
    for each in wanted:
        book = place(
            book, each.order, found.venue.rows[each.order.participant], each.order.quantity_wh
        )
    assert (book.keys, book.placed) == (found.book.keys, found.book.placed)
    assert book.next_sequence == found.book.next_sequence
    for name in book.orders.__struct_fields__:
        assert np.array_equal(getattr(book.orders, name), getattr(found.book.orders, name)), name


@settings(deadline=None, max_examples=60)
@given(files(), st.sampled_from(sorted(MECHANISMS)))
def test_figures_are_those_of_a_loop_over_the_trades(wanted, mechanism):
    found = book_of("o.csv", wanted, market(mechanism))
    slots, names = found.book.slots, found.venue.community.members.ids
    outcome = clear_under(found.book, found.venue, found.terms, 0)
    keys = {sequence: name for name, sequence in found.book.keys.items()}
    by_name = {f"{each.order.participant} {each.order.key}": each.order for each in wanted}
    rows = trades.named(outcome, slots, names, keys)
    shown = {each.slot_start: each for each in results(outcome, slots)}
    assert set(shown) == {each.order.slot_start for each in wanted}
    for start, each in shown.items():
        here = [row for row in rows if row.slot_start == start]
        volume = sum(row.quantity_wh for row in here)
        assert each.volume_wh == volume
        if not volume:
            assert (each.price_micro_per_kwh, each.lowest_micro_per_kwh) == (None, None)
            continue
        paid = sum(row.quantity_wh * row.buyer_micro_per_kwh for row in here)
        assert abs(each.price_micro_per_kwh * volume - paid) * 2 <= volume
        assert each.lowest_micro_per_kwh == min(row.seller_micro_per_kwh for row in here)
        assert each.highest_micro_per_kwh == max(row.buyer_micro_per_kwh for row in here)
        gain = sum(
            row.quantity_wh
            * (
                by_name[row.buy_order].limit_micro_per_kwh
                - by_name[row.sell_order].limit_micro_per_kwh
            )
            for row in here
        )
        assert each.welfare_nano == gain
    whole = total(outcome, list(shown.values()))
    assert whole.paid_nano == sum(row.quantity_wh * row.buyer_micro_per_kwh for row in rows)
    assert whole.received_nano == sum(row.quantity_wh * row.seller_micro_per_kwh for row in rows)
    assert whole.charges_nano == whole.paid_nano - whole.received_nano
    for row in rows:
        assert by_name[row.buy_order].participant == row.buyer
        assert by_name[row.sell_order].participant == row.seller


@settings(deadline=None)
@given(files())
def test_depth_is_that_of_a_loop_over_the_orders(wanted):
    found = book_of("o.csv", wanted, market("uniform-price"))
    shown = depth(found.book.orders, found.book.slots)
    for each in shown:
        here = [one.order for one in wanted if one.order.slot_start == each.slot_start]
        bids = [order for order in here if order.side is Side.BUY]
        offers = [order for order in here if order.side is Side.SELL]
        assert (each.bids, each.offers) == (len(bids), len(offers))
        assert each.bid_wh == sum(order.quantity_wh for order in bids)
        assert each.offered_wh == sum(order.quantity_wh for order in offers)
        limits = [max, min], [bids, offers]
        best = [
            pick((order.limit_micro_per_kwh for order in side), default=None)
            for pick, side in zip(*limits, strict=True)
        ]
        assert [each.best_bid_micro_per_kwh, each.best_offer_micro_per_kwh] == best


@pytest.mark.parametrize("name", sorted(MECHANISMS))
def test_every_mechanism_takes_one_order_that_nobody_meets(name):
    order = PlacedOrder("k", "a", Side.BUY, START, 5, 10_000)
    found = book_of("o.csv", [Wanted(2, "", order)], market(name))
    outcome = clear_under(found.book, found.venue, found.terms, 0)
    (only,) = results(outcome, found.book.slots)
    assert (only.volume_wh, only.price_micro_per_kwh, only.welfare_nano) == (0, None, 0)
    assert total(outcome, [only]).price_micro_per_kwh is None
