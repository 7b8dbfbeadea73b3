"""What sessions came to, against sums in plain Python, and how the report tells of it."""

import re
from collections import defaultdict
from html import unescape

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.report import build_report
from gridpact.app.report.drawing import LOCAL_BAND
from gridpact.app.report.market import notes
from gridpact.app.turnover import Turnover, by_slot, turnover
from gridpact.base.slots import Slots
from gridpact.market.messages import SessionCleared
from gridpact.registry.model import MarketRules, TradingRules

WINDOW = Slots(1_781_474_400, 900, 3)
RULES = TradingRules("preference", buyer_fee_micro_per_kwh=2_000, seller_fee_micro_per_kwh=1_000)
PRICE = st.sampled_from([-40_000, 0, 90_000, 90_001])
TRADE = st.tuples(
    st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(1, 900), PRICE, PRICE
)


def own_wh(rows, *, one_price):
    """What members of a session traded with themselves, one by one."""
    if not one_price:
        return sum(row[3] for row in rows if row[0] == row[1])
    sold, bought = (
        {
            (who, slot): sum(row[3] for row in rows if (row[side], row[2]) == (who, slot))
            for who in range(3)
            for slot in range(3)
        }
        for side in (0, 1)
    )
    return sum(min(sold[place], bought[place]) for place in sold)


@given(books=st.lists(st.lists(TRADE, max_size=8), max_size=3), one_price=st.booleans())
@settings(deadline=None, max_examples=150)
def test_sums_and_ranges_are_those_of_the_trades(
    books, one_price, small_community, matched_session
):
    market = MarketRules(46_800, (), 1800, -500_000, 4_000_000, day_ahead=RULES)
    if one_price:  # everybody pays and gets what the first trade of its slot did
        firsts = [{row[2]: row[4] for row in reversed(rows)} for rows in books]
        books = [
            [(*row[:4], first[row[2]], first[row[2]]) for row in rows]
            for rows, first in zip(books, firsts, strict=True)
        ]
    sessions = [matched_session(rows, 3, WINDOW) for rows in books]
    if one_price:
        sessions = [msgspec.structs.replace(each, trades=None) for each in sessions]
    rows = [row for each in books for row in each]
    energy = sum(row[3] for row in rows)
    paid = [row[5] for row in rows]
    assert turnover(small_community(3, market=market), sessions) == Turnover(
        energy,
        sum(row[3] * row[5] for row in rows),
        sum(row[3] * (row[5] - row[4]) for row in rows),
        energy * 3_000,
        min(paid, default=None),
        max(paid, default=None),
        sum(own_wh(rows, one_price=one_price) for rows in books),
    )
    for rows, cleared in zip(books, sessions, strict=True):
        slots = defaultdict(list)
        for row in rows:
            slots[row[2]].append((row[3], row[5]))
        found = by_slot(cleared)
        for slot in range(WINDOW.count):
            prices = [price for _, price in slots[slot]]
            assert found.energy_wh[slot] == sum(wh for wh, _ in slots[slot])
            assert found.value_nano[slot] == sum(wh * price for wh, price in slots[slot])
            if prices:
                assert (found.lowest[slot], found.highest[slot]) == (min(prices), max(prices))


@pytest.fixture(scope="module")
def told(make_run, matched_session, facts):
    """A report of a run whose first session traded at prices of its own, with charge and fees."""
    made = make_run(days=1)
    rules = msgspec.structs.replace(made.community.market, day_ahead=RULES)
    community = msgspec.structs.replace(made.community, market=rules)
    for at, (time, message) in enumerate(made.messages):
        if isinstance(message, SessionCleared):
            rows = [
                (0, 1, 40, 2_000, 100_000, 100_000),
                (2, 1, 40, 1_000, 130_000, 145_000),
                (0, 3, 41, 1_000, 120_000, 120_000),
            ]
            session = message.session
            cleared = matched_session(rows, 4, session.window, session.day)
            made.messages[at] = time, msgspec.structs.replace(cleared, session=session)
        elif hasattr(message, "community"):
            made.messages[at] = time, msgspec.structs.replace(message, community=community)
    return build_report(made.record(), facts)


def test_the_sessions_table_shows_mechanism_range_charges_and_fees(told):
    table = re.search(r'<table[^>]*id="sessions".*?</table>', told, re.DOTALL)[0]
    cells = [
        [
            unescape(re.sub(r"<[^>]*>", "", cell))
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    ]
    heads, first, foot = (dict(enumerate(row)) for row in cells)
    place = {name: at for at, name in heads.items()}
    expected = {
        "mechanism": "preference",
        "traded": "4.0",
        "average": "0.1163",  # (2 × 10 + 14.5 + 12) / 4 = 11.625 ct, half to even
        "range": "0.1000–0.1450",
        "value": "0.46",  # 46.5 ct, half to even
        "grid": "0.02",  # 1 kWh × 1.5 ct, half to even
        "fees": "0.01",  # 4 kWh × 0.3 ct
    }
    assert {name: first[place[name]] for name in expected} == expected
    assert foot[place["fees"]] == "0.01"


def test_prices_that_differ_are_drawn_as_a_range(told, run, facts):
    tint = f"fill: {LOCAL_BAND.lower()}"
    assert tint in told
    assert tint not in build_report(run.record(), facts)


def test_the_report_tells_what_members_traded_with_themselves(small_community, matched_session):
    """Member 1 sells 400 of its 700 Wh to itself."""
    rows = [(1, 1, 0, 400, 90_000, 90_000), (1, 2, 0, 300, 90_000, 90_000)]
    market = MarketRules(46_800, (), 1800, -500_000, 4_000_000)
    made = turnover(small_community(3, market=market), [matched_session(rows, 3, WINDOW)])
    assert notes(0, made) == "Members traded 0.400 kWh of it with themselves."
    alone = turnover(small_community(3, market=market), [matched_session(rows[1:], 3, WINDOW)])
    assert notes(0, alone) == ""
