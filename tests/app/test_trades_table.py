"""The table of trades: every Wh and every nano of the statements' trade lines, trade by trade."""

from collections import defaultdict
from types import SimpleNamespace

import polars as pl
import pytest

from gridpact.app import exports
from gridpact.app.trades_table import trades
from gridpact.base.slots import Slots
from gridpact.market.messages import SessionCleared
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import MarketRules, TradingRules

WINDOW = Slots(1_781_474_400, 900, 3)
ROWS = (
    (0, 1, 0, 400, 100_000, 100_000),
    (0, 1, 0, 100, 107_000, 109_000),
    (2, 1, 1, 300, 110_000, 115_000),
    (1, 0, 2, 50, 90_000, 88_000),
)


def table_of(small_community, sessions):
    rules = TradingRules(buyer_fee_micro_per_kwh=2_000, seller_fee_micro_per_kwh=1_000)
    market = MarketRules(46_800, (), 1800, -500_000, 4_000_000, day_ahead=rules)
    community = small_community(3, market=market)
    opening = CommunityOpened(community=community, seed=1, first_day="2026-06-15", gridpact="test")
    record = SimpleNamespace(opening=lambda: opening, all=lambda _: sessions)
    return trades(record)


def test_trades_with_prices_of_their_own_are_rows(small_community, matched_session):
    table = table_of(small_community, [matched_session(ROWS, 3, WINDOW)])
    names = ("m000", "m001", "m002")
    expected = [
        (
            "2026-06-15.day-ahead",
            WINDOW.start + 900 * slot,
            names[seller],
            names[buyer],
            energy,
            gets,
            pays,
            energy * (pays - gets),
            energy * 2_000,
            energy * 1_000,
            at,
            at,
        )
        for at, (seller, buyer, slot, energy, gets, pays) in enumerate(ROWS)
    ]
    assert table.rows() == expected


def test_at_one_price_a_row_is_what_a_member_trades_with_the_operator(run):
    table = trades(run.record())
    community, expected = run.community, []
    for cleared in run.all(SessionCleared):
        starts = cleared.session.window.starts().tolist()
        for bought, energies in ((True, cleared.bought_wh), (False, cleared.sold_wh)):
            for name, row in zip(community.members.ids, energies.tolist(), strict=True):
                for start, energy in zip(starts, row, strict=True):
                    if energy:
                        pair = ("coop", name) if bought else (name, "coop")
                        prices = (150_001, 150_001, 0, 0, 0, None, None)
                        expected.append((cleared.session.id, start, *pair, energy, *prices))
    assert table.rows() == expected
    assert table.height > 100


def test_rows_add_up_to_the_statements(run, tmp_path):
    exports.write(tmp_path, run.record())
    table = pl.read_parquet(tmp_path / "trades.parquet")
    lines = pl.read_csv(tmp_path / "statements.csv").filter(
        pl.col("contract").str.starts_with("spot")
    )
    told = defaultdict(int)
    for session, seller, buyer, energy, price in table.select(
        "session", "seller", "buyer", "energy_wh", "seller_micro_per_kwh"
    ).iter_rows():
        told[session.split(".")[0], buyer, seller] += energy * price
    columns = lines.select("day", "payer", "payee", "amount_nano").iter_rows()
    settled = {tuple(line[:3]): line[3] for line in columns if line[3]}
    days = {key[0] for key in settled}
    assert {key: nano for key, nano in told.items() if key[0] in days} == settled
    assert table["slot_start"].dtype == pl.Datetime("ms", "UTC")


@pytest.mark.parametrize("sessions", [0, 1])
def test_without_trades_the_table_is_empty_and_keeps_its_columns(
    small_community, matched_session, sessions
):
    empty = table_of(small_community, [matched_session([], 3, WINDOW)] * sessions)
    whole = table_of(small_community, [matched_session(ROWS, 3, WINDOW)])
    assert empty.height == 0
    assert empty.schema == whole.schema
