"""Every mechanism on the same random books: what holds between the rows of the table."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridpact.app.compare.clearing import clearing_of
from gridpact.app.compare.mechanisms import Books, Totals, compare
from gridpact.app.compare.rules import variants
from gridpact.base.slots import Slots
from gridpact.market.book import open_book
from gridpact.market.clearing.mechanisms import MECHANISMS, Capability
from gridpact.market.messages import Session
from gridpact.market.orders import Orders
from gridpact.registry.tariffs import Outside
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
DAY = Slots(1_781_474_400, 900, 4)
SESSIONS = (
    Session("d.day-ahead", "day-ahead", "d", DAY.start - 40_000, DAY, DAY),
    Session("d.intraday-0600", "intraday", "d", DAY.start - 900, DAY, DAY),
)
OUTSIDE = Outside(*np.array([[200_000] * 4, [80_000] * 4, [300_000] * 4, [250_000] * 4]))


@pytest.fixture(scope="module")
def street():
    """A community of a few members whose markets have fees."""
    built = community(load(EXAMPLES / "small.yaml"))
    fees = {"buyer_fee_micro_per_kwh": 2000, "seller_fee_micro_per_kwh": 1000}
    rules = {
        kind: msgspec.structs.replace(getattr(built.market, kind), **fees)
        for kind in ("day_ahead", "intraday")
    }
    return msgspec.structs.replace(built, market=msgspec.structs.replace(built.market, **rules))


@st.composite
def columns(draw):
    """Rows of a book: member, slot, side, quantity, limit; prices are few, so that many tie."""
    row = st.tuples(
        st.integers(0, 7),
        st.integers(0, DAY.count - 1),
        st.sampled_from([1, -1]),
        st.integers(1, 5000),
        st.sampled_from([80_000, 100_000, 150_000, 200_000, 250_000]),
    )
    return draw(st.lists(row, max_size=30))


def book(rows):
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    orders = Orders(np.arange(len(rows), dtype=np.int64), *table.T)
    return msgspec.structs.replace(open_book(DAY), orders=orders, next_sequence=len(rows))


def compared(street, rows, sessions=SESSIONS):
    books = {session.id: book(each) for session, each in zip(SESSIONS, rows, strict=True)}
    asked, offered = (
        sum(row[3] for each in rows for row in each if row[2] == side) for side in (1, -1)
    )
    found = Books(8, {"d": DAY}, {"d": OUTSIDE}, sessions, Totals(asked, offered))
    return compare(found, clearing_of(street, books), variants(street.market, tuple(MECHANISMS)))


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_what_holds_between_mechanisms(street, data):
    rows = [data.draw(columns()) for _ in SESSIONS]
    found = {each.name: each for each in compared(street, rows)}
    assert list(found) == list(MECHANISMS)
    best = {
        found[name].welfare_nano
        for name, mechanism in MECHANISMS.items()
        if Capability.WELFARE_MAXIMAL in mechanism.capabilities
    }
    assert len(best) == 1, "all that claim the greatest welfare reach the same"
    for each in found.values():
        assert each.welfare_nano <= max(best)
        assert each.market_fees_nano == each.volume_wh * 3000
        assert each.grid_charges_nano == 0
        if each.volume_wh:
            assert each.lowest_price_micro_per_kwh <= each.mean_price_micro_per_kwh
            assert each.mean_price_micro_per_kwh <= each.highest_price_micro_per_kwh
            asked = sum(row[3] for part in rows for row in part if row[2] > 0)
            assert each.share_of_asked_ppm == round(each.volume_wh * 1_000_000 / asked)
        else:
            assert each.mean_price_micro_per_kwh is None
            assert set(each.gain_nano) == {0}


@settings(deadline=None, max_examples=20)
@given(columns(), columns(), st.permutations(range(8)))
def test_neither_the_rows_of_members_nor_the_order_of_sessions_matter(street, one, other, row):
    renamed = [[(row[each[0]], *each[1:]) for each in part] for part in (one, other)]
    before = compared(street, [one, other])
    after = compared(street, renamed, SESSIONS[::-1])
    for each, moved in zip(before, after, strict=True):
        gains = tuple(moved.gain_nano[row[member]] for member in range(8))
        assert msgspec.structs.replace(moved, gain_nano=gains) == each


@settings(deadline=None, max_examples=40)
@given(columns())
def test_gains_of_one_session_are_what_the_community_spares_less_fees(street, rows):
    """Together members gain what the traded energy is worth, whoever it comes from."""
    # who buys and sells in one slot does not stand with all that it traded
    assume(not any(a[:2] == b[:2] and a[2] != b[2] for a in rows for b in rows))
    for each in compared(street, [rows, []]):
        worth = each.volume_wh * (250_000 - 80_000)
        assert sum(each.gain_nano) == worth - each.market_fees_nano


def test_the_local_share_is_what_was_bought_and_needed(street):
    """Member 0 buys 900 Wh and needs 600; member 1 buys 500, sells 200 of it again, needs 1000."""
    first = [(0, 1, 1, 900, 200_000), (1, 1, 1, 500, 200_000), (2, 1, -1, 1400, 80_000)]
    later = [(1, 1, -1, 200, 80_000), (3, 1, 1, 200, 200_000)]
    books = {session.id: book(rows) for session, rows in zip(SESSIONS, (first, later), strict=True)}
    needs = np.zeros((8, DAY.count), np.int64)
    needs[:2, 1] = 600, 1000
    needs[5, 2] = 400  # nobody sold to this one
    totals = Totals(asked_wh=1600, offered_wh=1600)
    whole = Books(8, {"d": DAY}, {"d": OUTSIDE}, SESSIONS, totals, {"d": needs})
    for each in compare(
        whole, clearing_of(street, books), variants(street.market, ("uniform-price",))
    ):
        assert each.volume_wh == 1600
        assert each.local_share_ppm == round((600 + 300) / 2000 * 1_000_000)


def test_grid_limits_are_kept_by_uniform_price_alone():
    limited = community(load(EXAMPLES / "markets.yaml"))
    found = variants(limited.market, ("uniform-price", "pay-as-bid"))
    assert found[0].recorded
    assert found[1].rules.day_ahead.grid_limits
    assert not found[2].rules.day_ahead.grid_limits
