import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.coupling.accounts import welfare_nano
from gridpact.market.coupling.clearing import clear_tree
from gridpact.market.coupling.report import SupplierPrices, isolated, report, summary
from gridpact.market.coupling.tree import Market, tree

SLOTS = 2


def test_who_gains_from_a_link(columns):
    joined = tree([Market("south"), Market("north", "south", 0, 4)], 1)
    rows = [(1, 0, -1, 10, 3), (1, 0, 1, 3, 20), (0, 0, -1, 10, 12), (0, 0, 1, 8, 25)]
    orders, market = columns(rows)
    supplier = SupplierPrices(np.array([30]), np.array([2]))
    found = report(orders, market, joined, clear_tree(orders, market, joined, 1), supplier, 4)
    assert found.markets == ("south", "north")
    assert found.price_micro_per_kwh.tolist() == [[12], [3]]
    assert found.priced.all()
    assert found.volume_wh.tolist() == [[8], [7]]
    assert found.import_wh.tolist() == [[0], [0]]
    assert found.export_wh.tolist() == [[0], [4]]
    assert found.rent_nano.tolist() == [[0], [36]]
    assert found.fee_nano.tolist() == [[0], [0]]
    # both markets have the price of their marginal offer, coupled or not
    assert found.isolated_volume_wh.tolist() == [[8], [3]]
    assert found.buyers_nano.tolist() == [[8 * 13], [3 * 17]]
    assert found.sellers_nano.tolist() == [[0], [0]]
    assert found.isolated_buyers_nano.tolist() == [[8 * 13], [3 * 17]]
    # against 30 from the supplier, or 2 to it
    assert found.saving_nano.tolist() == [7 * 1, 3 * 27, 4 * 10, 8 * 18]
    assert found.market_saving_nano.tolist() == [[4 * 10 + 8 * 18], [7 * 1 + 3 * 27]]


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_joining_up_never_loses_welfare(data, joined_books, columns):
    rows, joined = data.draw(joined_books())
    orders, market = columns(rows)
    coupled = clear_tree(orders, market, joined, SLOTS)
    supplier = SupplierPrices(np.full(SLOTS, 500_000), np.full(SLOTS, -500_000))
    found = report(orders, market, joined, coupled, supplier, orders.count)
    surplus = (found.buyers_nano + found.sellers_nano).sum(axis=0)
    alone = (found.isolated_buyers_nano + found.isolated_sellers_nano).sum(axis=0)
    gain = surplus + found.rent_nano.sum(axis=0) - alone
    assert np.all(gain >= 0)
    np.testing.assert_array_equal(
        surplus + found.rent_nano.sum(axis=0), welfare_nano(orders, joined, coupled)
    )
    apart = clear_tree(orders, market, isolated(joined), SLOTS)
    np.testing.assert_array_equal(welfare_nano(orders, isolated(joined), apart), alone)
    assert np.all(found.saving_nano >= 0)
    assert found.saving_nano.sum() == found.market_saving_nano.sum()
    assert not (found.import_wh * found.export_wh).any()


def test_summary_has_a_line_for_each_market(columns):
    joined = tree([Market("south"), Market("a-long-name-of-a-market", "south")], 1)
    orders, market = columns([(1, 0, -1, 5000, 100_000), (0, 0, 1, 4000, 250_000)])
    supplier = SupplierPrices(np.array([300_000]), np.array([50_000]))
    found = report(orders, market, joined, clear_tree(orders, market, joined, 1), supplier, 2)
    lines = summary(found).splitlines()
    assert lines[0].split() == [
        "market",
        "kWh",
        "import",
        "export",
        "fees",
        "rent",
        "gain",
        "saving",
    ]
    # sold at 10 ct: the buyer gains 4 × 15 ct, and pays 4 × 20 ct less than to the supplier
    assert lines[1].split() == [
        "south",
        "4.000",
        "0.000",
        "0.000",
        "0.0000",
        "0.0000",
        "0.6000",
        "0.8000",
    ]
    assert lines[2].split()[1:] == [
        "4.000",
        "0.000",
        "4.000",
        "0.0000",
        "0.0000",
        "0.0000",
        "0.2000",
    ]
