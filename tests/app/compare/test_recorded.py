"""Recorded books: what they give again, and bills as settlement has them."""

from collections import defaultdict

import numpy as np
import pytest

from gridpact.app.cli.comparing_tables import lines
from gridpact.app.compare.books import delivered
from gridpact.app.compare.clearing import clearing_of
from gridpact.app.compare.recorded import books_of, compare_run
from gridpact.app.record import Record
from gridpact.app.report.comparison import build_comparison
from gridpact.base.errors import BadInput
from gridpact.base.rounding import round_half_even
from gridpact.kernel.codec import encode, tag_of
from gridpact.kernel.journal import Journal, Origin, Row
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.messages import PricesPublished, SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.tariffs import outside_prices
from gridpact.settlement.messages import DaySettled


@pytest.fixture(params=["committed", "markets"])
def record(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def compared(committed):
    return compare_run(committed, tuple(MECHANISMS), "here")


def test_books_under_their_own_rules_give_what_was_recorded(record):
    community, members = record.opening().community, len(record.opening().community.members.ids)
    clear, told = clearing_of(community, dict(books_of(record))), 0
    for cleared in record.all(SessionCleared):
        found = clear(cleared.session, community.market).trades
        for recorded, member in ((cleared.bought_wh, found.buyer), (cleared.sold_wh, found.seller)):
            energy = np.zeros((members, cleared.session.window.count), np.int64)
            np.add.at(energy, (member, found.slot), found.quantity_wh)
            np.testing.assert_array_equal(energy, recorded)
        if cleared.trades is None:
            price = cleared.price_micro_per_kwh[found.slot]
            np.testing.assert_array_equal(found.seller_micro_per_kwh, price)
            np.testing.assert_array_equal(found.buyer_micro_per_kwh, price)
        told += found.quantity_wh.size
    assert told


def test_the_supplier_alone_costs_what_settlement_says(record):
    """From readings and tariffs in plain Python, and as the settled days have it."""
    community = record.opening().community
    found = compare_run(record, ("uniform-price",), "here")
    spot = {day.day: day.spot_micro_per_kwh for day in record.all(PricesPublished)}
    alone = [0] * len(community.members.ids)
    for day in record.all(DayMetered):
        if day.day not in found.days:
            continue
        prices = outside_prices(community.tariffs, spot[day.day])
        imports, exports = prices.all_in_import.tolist(), prices.supplier_export.tolist()
        for row in range(len(alone)):
            taken, given = day.withdrawal_wh[row].tolist(), day.injection_wh[row].tolist()
            nano = sum(
                wh * imports[slot] - given[slot] * exports[slot] for slot, wh in enumerate(taken)
            )
            alone[row] += round_half_even(nano, community.settlement.minor_nano)
    assert found.supplier_only_minor == tuple(alone)
    assert found.days == tuple(day.day for day in record.all(DaySettled))


def test_gains_of_the_recorded_trades_are_those_of_a_count_by_hand(committed, compared):
    community = committed.opening().community
    spot = {day.day: day.spot_micro_per_kwh for day in committed.all(PricesPublished)}
    net, gain = defaultdict(int), [0] * len(community.members.ids)
    for cleared in delivered(committed):
        day, start = cleared.session.day, cleared.session.window.starts().tolist()
        for member, each in enumerate(cleared.bought_wh - cleared.sold_wh):
            for slot, wh in enumerate(each.tolist()):
                net[day, start[slot], member] += wh
                gain[member] -= wh * int(cleared.price_micro_per_kwh[slot])
    slots = {day.day: day.slots for day in committed.all(DaySettled)}
    for (day, start, member), wh in net.items():
        prices = outside_prices(community.tariffs, spot[day])
        worth = prices.avoided if wh > 0 else prices.supplier_export
        gain[member] += wh * int(worth[(start - slots[day].start) // slots[day].step])
    recorded = next(each for each in compared.mechanisms if each.recorded)
    assert recorded.gain_nano == tuple(gain)
    assert recorded.volume_wh == sum(int(each.bought_wh.sum()) for each in delivered(committed))


def test_welfare_counts_every_order_at_its_limit(committed):
    community = committed.opening().community
    books = dict(books_of(committed))
    for cleared in delivered(committed):
        found = clearing_of(community, books)(cleared.session, community.market)
        orders = books[cleared.session.id].orders
        limit = dict(
            zip(orders.sequence.tolist(), orders.limit_micro_per_kwh.tolist(), strict=True)
        )
        trades = found.trades
        rows = zip(trades.buy_order, trades.sell_order, trades.quantity_wh, strict=True)
        worth = sum(int(wh) * (limit[int(buy)] - limit[int(sell)]) for buy, sell, wh in rows)
        assert found.welfare_nano == worth


def test_models_share_what_the_community_could_have_spared(committed, compared):
    """All but meetings reach what pooling surplus and need in every slot is worth."""
    community = committed.opening().community
    spot = {day.day: day.spot_micro_per_kwh for day in committed.all(PricesPublished)}
    worth = 0
    for day in committed.all(DayMetered):
        if day.day not in compared.days:
            continue
        prices = outside_prices(community.tariffs, spot[day.day])
        net = day.withdrawal_wh - day.injection_wh
        for slot in range(day.slots.count):
            needed = sum(wh for wh in net[:, slot].tolist() if wh > 0)
            left = -sum(wh for wh in net[:, slot].tolist() if wh < 0)
            apart = int(prices.avoided[slot]) - int(prices.supplier_export[slot])
            worth += min(needed, left) * apart
    found = {model.name: model for model in compared.models}
    assert {found[name].welfare_nano for name in ("central", "negotiated", "coalition")} == {worth}
    assert 0 <= found["meetings"].welfare_nano <= worth
    for model in compared.models:
        assert sum(model.gain_nano) == model.welfare_nano
        assert model.every
        assert model.in_core == (model.excess_nano <= 0)
        assert set(model.standard_error_nano) == {0.0}


def test_the_same_record_gives_the_same_comparison(committed, compared):
    assert compare_run(committed, tuple(MECHANISMS), "here") == compared


def test_a_crowded_slot_leaves_preference_out(committed, monkeypatch):
    monkeypatch.setattr("gridpact.app.compare.clearing.LARGEST_SLOT", 1)
    found = compare_run(committed, ("preference", "uniform-price"), "here")
    assert [each.name for each in found.mechanisms] == ["uniform-price"]
    assert any("preference is left out" in remark for remark in found.remarks)


def test_models_of_too_many_members_are_left_out(committed, monkeypatch):
    monkeypatch.setattr("gridpact.app.compare.models.MOST_GAINS", 3 * 3 * 48 - 1)
    found = compare_run(committed, ("uniform-price",), "here")
    assert found.models == ()
    assert found.remarks[-1].startswith("Models of coalitions are left out")
    assert "Central, peer to peer" not in build_comparison(found)
    assert all(not line.startswith("model") for line in lines(found))


def test_a_run_without_a_settled_day_is_refused(committed, tmp_path):
    opening = committed.opening()
    journal = Journal(tmp_path / "journal.db")
    row = Row(0, 0, Origin.INPUT, -1, 0, tag_of(CommunityOpened), encode(opening))
    journal.append([row])
    with pytest.raises(BadInput, match="no day of this run is settled yet"):
        compare_run(Record(journal), ("uniform-price",), "here")
    journal.close()


def test_one_price_for_all_becomes_pairs_at_that_price(committed):
    """Merit-order pairs sell and buy as much as the orders were accepted for."""
    community = committed.opening().community
    session = delivered(committed)[0].session
    found = clearing_of(community, dict(books_of(committed)))(session, community.market)
    assert found.trades.quantity_wh.min() > 0
    assert (found.trades.seller_micro_per_kwh == found.trades.buyer_micro_per_kwh).all()
