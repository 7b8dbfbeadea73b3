"""The market in figures: worked out again from the messages, and books read back order by order."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from gridpact.app.report import analytics
from gridpact.app.report.books import closes
from gridpact.app.report.members_market import energy_of, members_table, supply_table
from gridpact.app.report.view import view
from gridpact.market.clearing.mechanisms import MECHANISMS, match
from gridpact.market.messages import (
    GateClosed,
    OrdersPlaced,
    PlaceOrder,
    SessionCleared,
    SessionTrades,
)
from gridpact.market.orders import Orders, PlacedOrder, Side
from gridpact.metering.messages import DayMetered
from gridpact.scheduling.messages import TelemetryReceived

DASH = "–"


def plain(text):
    return text.replace("\u202f", "").replace("−", "-").replace("%", "")


def shown(part, whole):
    return f"{100 * part / whole:.1f}" if whole else DASH


def tables(seen):
    return {part.id: part for part in analytics.section(seen).parts if part.shape == "table"}


@pytest.fixture(scope="module")
def seen(run):
    return view(run.record())


def traded(run):
    """Bought and sold Wh by member and slot's start, and price by Wh."""
    bought, sold, paid = {}, {}, []
    for item in run.all(SessionCleared):
        starts = item.session.window.starts().tolist()
        for energy, kept in ((item.bought_wh, bought), (item.sold_wh, sold)):
            for member, row in enumerate(energy.tolist()):
                for start, wh in zip(starts, row, strict=True):
                    kept[member, start] = kept.get((member, start), 0) + wh
        for at, price in enumerate(item.price_micro_per_kwh.tolist()):
            if item.traded[at]:
                paid.append((price, int(item.bought_wh[:, at].sum())))
    return bought, sold, paid


def metered(run):
    """Withdrawal, injection and whether they were measured, by member and slot's start."""
    found = {}
    for day in run.all(DayMetered):
        for at, start in enumerate(day.slots.starts().tolist()):
            for member in range(day.withdrawal_wh.shape[0]):
                registers = day.withdrawal_wh[member, at], day.injection_wh[member, at]
                found[member, start] = (*map(int, registers), not day.estimated[member, at])
    return found


def test_liquidity_and_prices_by_day(run, seen):
    found = tables(seen)
    ordered = bought = slots = made = 0
    for item in run.all(SessionCleared):
        ordered += int(item.asked_wh.sum()) + int(item.offered_wh.sum())
        bought += int(item.bought_wh.sum())
        made += int(item.traded.sum())
    slots = sum(day.slots.count for day in run.all(DayMetered))
    foot = [plain(cell) for cell in found["liquidity"].foot]
    assert foot[1] == f"{ordered / 1000:.1f}"
    assert foot[2] == f"{shown(2 * bought, ordered)}"
    assert foot[4] == f"{shown(made, slots)}"
    assert len(found["liquidity"].rows) == 2
    assert (foot[3], foot[7]) == (DASH, DASH)  # the books of this run are not in its record
    assert "known" in found["liquidity"].note
    assert set(found["price-distribution"].foot[1:]) == {"0.1500", "0.0000"}


def test_concentration_is_that_of_one_seller_and_one_buyer(seen):
    for row in tables(seen)["concentration"].rows:
        assert [plain(cell) for cell in row[1:2] + row[3:]] == ["1", "100.0", "100.0", "10000"]


def test_members_rows_are_worked_out_from_trades_and_readings(run, seen):
    bought, sold, _ = traded(run)
    read, table = metered(run), members_table(seen, energy_of(seen))
    for member, row in enumerate(table.rows):
        agreed = delivered = commitments = kept = used = taken = 0
        for (who, start), (withdrawal, injection, measured) in read.items():
            if who != member:
                continue
            position = bought.get((who, start), 0) - sold.get((who, start), 0)
            taken += withdrawal
            used += min(withdrawal, bought.get((who, start), 0))
            if position and measured:
                got = (withdrawal - injection) * (1 if position > 0 else -1)
                got = min(abs(position), max(got, 0))
                commitments, kept = commitments + 1, kept + (got == abs(position))
                agreed, delivered = agreed + abs(position), delivered + got
        cells = [plain(cell) for cell in row]
        given = sum(wh for (who, _), wh in sold.items() if who == member)
        assert cells[1] == f"{given / 1000:.1f}"
        assert cells[3:6] == [str(commitments), shown(kept, commitments), shown(delivered, agreed)]
        rate = Fraction(delivered, agreed) if agreed else Fraction(0)
        rating = (Fraction(kept + commitments * rate, 2) + 1) / (commitments + 2)
        assert abs(float(cells[6]) - 100 * float(rating)) <= 0.051
        assert cells[7] == shown(used, taken)


def test_the_community_as_one_is_the_headline(run, seen):
    told = {message.slot: message for message in run.all(TelemetryReceived)}
    solar = imported = exported = alone = gone = 0
    for day in run.all(DayMetered):
        for at, start in enumerate(day.slots.starts().tolist()):
            if start not in told:
                continue
            net = (day.withdrawal_wh - day.injection_wh)[:, at].tolist()
            solar += int(told[start].pv_wh.sum())
            imported, exported = imported + max(sum(net), 0), exported + max(-sum(net), 0)
            alone += sum(max(each, 0) for each in net)
            gone += sum(max(-each, 0) for each in net)
    use = solar + imported - exported
    assert use == solar + alone - gone
    apart, one = supply_table(energy_of(seen)).rows
    assert [plain(cell) for cell in one[4:]] == [
        shown(use - imported, use),
        shown(solar - exported, solar),
    ]
    assert [plain(cell) for cell in apart[4:]] == [
        shown(use - alone, use) if gone <= solar else DASH,
        shown(solar - gone, solar) if gone <= solar else DASH,
    ]


def test_a_run_without_trade_or_readings_has_dashes(make_run):
    made = make_run(days=1)
    made.messages = [
        (time, message)
        for time, message in made.messages
        if not isinstance(message, SessionCleared | DayMetered | TelemetryReceived)
    ]
    found = tables(view(made.record()))
    assert set(found["liquidity"].rows[0][2:4]) == {DASH}
    assert set(found["price-distribution"].rows[0][1:]) == {DASH}
    assert all(set(row[1:]) == {DASH} for row in found["concentration"].rows)
    assert all(set(row[1:]) == {DASH} for row in found["supply"].rows)
    for row in found["member-market"].rows:
        assert row[6] == "50.0"
        assert set(row[4:6] + row[7:]) == {DASH}


@pytest.fixture
def booked(make_run):
    """A record of one session with two batches of agents' orders and a person's between them."""
    made = make_run(days=1)
    cleared = made.all(SessionCleared)[0]
    start, step = cleared.session.window.start, cleared.session.window.step
    batches = [
        [(0, 0, -1, 100, 90_000), (1, 0, 1, 60, 250_000)],
        [(2, 1, -1, 10, 80_000), (3, 0, 1, 70, 200_000), (3, 0, 1, 5, 1)],
    ]
    columns = [np.array(rows, np.int64).T for rows in batches]
    first, second = (Orders(np.arange(each.shape[1]), *each) for each in columns)
    person = PlacedOrder("k", "home-03", Side.SELL, start + step, 10, 70_000)
    person_row = np.array([[2, 1, -1, 10, 70_000]], np.int64).T
    book = np.concatenate([columns[0], person_row, columns[1]], axis=1)
    orders = Orders(np.arange(book.shape[1]), *book)
    return SimpleNamespace(
        made=made, cleared=cleared, batches=(first, second), person=person, orders=orders
    )


def recorded(booked, mechanism, *, own_prices=False, gate=True, **changes):
    """A record in which the session is cleared by a mechanism."""
    name, orders = booked.cleared.session.id, booked.orders
    window = booked.cleared.session.window
    found = match(MECHANISMS[mechanism], orders, window.count)
    bought, sold = np.zeros((2, 4, window.count), np.int64)
    for energy, side in ((bought, 1), (sold, -1)):
        rows = orders.side == side
        np.add.at(energy, (orders.member[rows], orders.slot[rows]), found.accepted_wh[rows])
    trades = found.trades
    own = SessionTrades(
        seller=orders.member[trades.sell],
        buyer=orders.member[trades.buy],
        slot=orders.slot[trades.buy],
        quantity_wh=trades.quantity_wh,
        seller_micro_per_kwh=trades.seller_micro_per_kwh,
        buyer_micro_per_kwh=trades.buyer_micro_per_kwh,
        sell_order=trades.sell,
        buy_order=trades.buy,
    )
    terms = {"bought_wh": bought, "sold_wh": sold, "traded": bought.sum(axis=0) > 0}
    terms |= {"orders": orders.count, "trades": own if own_prices else None, **changes}
    cleared = msgspec.structs.replace(booked.cleared, **terms)
    first, second = booked.batches
    nobody = msgspec.structs.replace(booked.person, participant="nobody", quantity_wh=7)
    told = [
        OrdersPlaced(session=name, orders=first),
        PlaceOrder(session=name, order=nobody),  # refused, so it is not in the book
        PlaceOrder(session=name, order=booked.person),
        OrdersPlaced(session=name, orders=second),
        *([GateClosed(session=name)] if gate else []),
        cleared,
    ]
    made, messages = booked.made, []
    for time, message in made.messages:
        here = told if isinstance(message, SessionCleared) else [message]
        messages += [(time, each) for each in here]
    made.messages = messages
    return made, found


@pytest.mark.parametrize(("mechanism", "own"), [("uniform-price", False), ("pay-as-bid", True)])
def test_a_book_is_read_back_with_what_was_accepted(booked, mechanism, own):
    made, found = recorded(booked, mechanism, own_prices=own)
    record = made.record()
    sessions = record.all(SessionCleared)
    (close,) = closes(record, sessions).values()
    for name in ("member", "slot", "side", "quantity_wh", "limit_micro_per_kwh"):
        assert getattr(close.orders, name).tolist() == getattr(booked.orders, name).tolist()
    assert close.accepted_wh.tolist() == found.accepted_wh.tolist() == [100, 60, 0, 0, 40, 0]
    # 3 of 6 orders traded; in slot 0 no offer is left, in slot 1 no bid: there is no spread
    row = tables(view(record))["liquidity"].rows[0]
    assert (plain(row[3]), row[7]) == ("50.0", DASH)
    assert plain(tables(view(record))["price-distribution"].rows[0][7]) == (
        "0.2500" if own else "0.1500"
    )


def test_a_spread_is_shown_where_both_sides_are_left(booked):
    booked.person = msgspec.structs.replace(
        booked.person, slot_start=booked.cleared.session.window.start, limit_micro_per_kwh=210_000
    )
    booked.orders.slot[2], booked.orders.limit_micro_per_kwh[2] = 0, 210_000
    made, _ = recorded(booked, "uniform-price")
    row = tables(view(made.record()))["liquidity"].rows[0]
    assert row[7] == "0.0100"  # offered at 0.21, and 30 Wh still wanted at 0.20


def test_of_a_doubtful_book_nothing_is_said(booked):
    other = np.zeros_like(booked.cleared.bought_wh)
    before = list(booked.made.messages)
    for changes in ({"gate": False}, {"bought_wh": other}):
        booked.made.messages = list(before)
        made, _ = recorded(booked, "uniform-price", **changes)
        record = made.record()
        assert closes(record, record.all(SessionCleared)) == {}
    notes = [part for part in analytics.section(view(record)).parts if part.shape == "notes"]
    assert "1 session’s book is not known" in notes[0].items[0]


@pytest.mark.parametrize("example", ["small", "markets"])
def test_every_book_of_a_real_run_is_read_back(run_in_memory, example):
    path = Path(__file__).parents[2] / "examples" / f"{example}.yaml"
    record = run_in_memory(path).record
    sessions = record.all(SessionCleared)
    found = closes(record, sessions)
    assert found.keys() == {item.session.id for item in sessions}
    for item in sessions:
        close = found[item.session.id]
        assert close.orders.count == item.orders
        assert int(close.accepted_wh.sum()) == int((item.bought_wh + item.sold_wh).sum())
