import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.market.clearing import uniform_price
from gridpact.market.coupling import clearing
from gridpact.market.coupling.accounts import welfare_nano
from gridpact.market.coupling.clearing import clear_tree
from gridpact.market.coupling.tree import Market, link_columns, tree, written_out

SLOTS = 2


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_without_fees_or_binding_limits_a_tree_is_one_flat_auction(data, joined_books, columns):
    rows, joined = data.draw(joined_books(limited=False, fees=False))
    # several roots would be several auctions
    first = int(np.flatnonzero(joined.parent < 0)[0])
    joined.parent[(joined.parent < 0) & (np.arange(joined.count) != first)] = first
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, SLOTS)
    flat = uniform_price.clear(orders, SLOTS)
    np.testing.assert_array_equal(found.accepted_wh, flat.accepted_wh)
    np.testing.assert_array_equal(found.bought_wh.sum(axis=0), flat.volume_wh)
    for slot in np.flatnonzero(flat.traded):
        assert found.priced[:, slot].all()
        assert set(found.price_micro_per_kwh[:, slot]) == {flat.price_micro_per_kwh[slot]}


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_cut_off_markets_clear_as_if_alone(data, joined_books, columns):
    rows, joined = data.draw(joined_books())
    joined.import_limit_wh[:] = joined.export_limit_wh[:] = 0
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, SLOTS)
    assert not found.export_wh.any()
    for row in range(joined.count):
        mine = np.flatnonzero(market == row)
        alone = uniform_price.clear(orders.take(mine), SLOTS)
        np.testing.assert_array_equal(found.accepted_wh[mine], alone.accepted_wh)
        np.testing.assert_array_equal(found.bought_wh[row], alone.volume_wh)
        price = found.price_micro_per_kwh[row]
        np.testing.assert_array_equal(price[alone.traded], alone.price_micro_per_kwh[alone.traded])


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_welfare_and_volume_are_a_linear_programs_optimum(data, joined_books, columns, lp_optimum):
    rows, joined = data.draw(joined_books(wide=False, most=14))
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, SLOTS)
    welfare = welfare_nano(orders, joined, found)
    for slot in range(SLOTS):
        best = lp_optimum(orders, market, joined, SLOTS, slot)
        assert welfare[slot] == best.welfare
        assert found.bought_wh[:, slot].sum() == pytest.approx(best.volume, abs=1e-4)


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_energy_limits_and_sizes_hold(data, joined_books, columns):
    rows, joined = data.draw(joined_books())
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, SLOTS)
    assert np.all((found.accepted_wh >= 0) & (found.accepted_wh <= orders.quantity_wh))
    for side, by_market in ((1, found.bought_wh), (-1, found.sold_wh)):
        total = np.zeros_like(by_market)
        mine = orders.side == side
        np.add.at(total, (market[mine], orders.slot[mine]), found.accepted_wh[mine])
        np.testing.assert_array_equal(total, by_market)
    # what a market sells and takes from below, it buys or sends up
    left = found.sold_wh - found.bought_wh - found.export_wh
    linked = joined.parent >= 0
    np.add.at(left, joined.parent[linked], found.export_wh[linked])
    assert not left.any()
    assert not found.export_wh[~linked].any()
    full = written_out(joined, SLOTS)
    assert np.all(found.export_wh[linked] <= full.export_limit_wh[linked])
    assert np.all(-found.export_wh[linked] <= full.import_limit_wh[linked])


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_prices_and_quantities_prove_each_other(data, joined_books, columns):
    """Complementary slackness in whole numbers: it proves an optimum without a solver."""
    rows, joined = data.draw(joined_books())
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, SLOTS)
    price = found.price_micro_per_kwh[market, orders.slot]
    assert found.priced[market, orders.slot].all()
    gain = orders.side * (orders.limit_micro_per_kwh - price)
    assert np.all(gain[found.accepted_wh > 0] >= 0), "accepted beyond its limit"
    assert np.all((found.accepted_wh == orders.quantity_wh)[gain > 0]), "curtailed in the money"
    full = written_out(joined, SLOTS)
    for row in np.flatnonzero(joined.parent >= 0):
        for slot in range(SLOTS):
            above = joined.parent[row]
            if not (found.priced[row, slot] and found.priced[above, slot]):
                assert found.export_wh[row, slot] == 0
                continue
            rise = int(found.price_micro_per_kwh[above, slot])
            rise -= int(found.price_micro_per_kwh[row, slot])
            flow = found.export_wh[row, slot]
            out_fee = full.export_fee_micro_per_kwh[row, slot]
            in_fee = full.import_fee_micro_per_kwh[row, slot]
            if flow < full.export_limit_wh[row, slot]:
                assert rise <= out_fee
            if -flow < full.import_limit_wh[row, slot]:
                assert -rise <= in_fee
            if flow:
                assert rise >= out_fee if flow > 0 else -rise >= in_fee


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_neither_row_order_nor_chunks_matter(data, joined_books, columns):
    rows, joined = data.draw(joined_books())
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, SLOTS)
    mix = np.array(data.draw(st.permutations(range(orders.count))), dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clearing, "CHUNK_ORDERS", 1)
        again = clear_tree(orders.take(mix), market[mix], joined, SLOTS)
    np.testing.assert_array_equal(found.accepted_wh[mix], again.accepted_wh)
    for name in ("price_micro_per_kwh", "priced", "bought_wh", "sold_wh", "export_wh"):
        np.testing.assert_array_equal(getattr(found, name), getattr(again, name))


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_order_of_markets_does_not_matter(data, joined_books, columns):
    rows, joined = data.draw(joined_books())
    orders, market = columns(rows)
    mix = np.array(data.draw(st.permutations(range(joined.count))), dtype=np.int64)
    place = np.argsort(mix)
    parent = np.where(joined.parent < 0, -1, place[joined.parent])[mix]
    mixed = type(joined)(
        tuple(joined.ids[row] for row in mix),
        parent,
        *(column[mix] for column in link_columns(joined)),
    )
    found = clear_tree(orders, market, joined, SLOTS)
    again = clear_tree(orders, place[market], mixed, SLOTS)
    np.testing.assert_array_equal(found.accepted_wh, again.accepted_wh)
    np.testing.assert_array_equal(found.price_micro_per_kwh[mix], again.price_micro_per_kwh)
    np.testing.assert_array_equal(found.export_wh[mix], again.export_wh)


def test_ties_share_over_all_markets_by_whole_wh(columns):
    joined = tree([Market("r"), Market("a", "r"), Market("b", "r")], 1)
    rows = [(1, 0, 1, 5, 10), (2, 0, 1, 5, 10), (0, 0, 1, 10, 10), (2, 0, -1, 13, 10)]
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, 1)
    assert found.accepted_wh.tolist() == [3, 3, 7, 13]  # 3.25, 3.25, 6.5
    assert found.export_wh.tolist() == [[0], [-3], [10]]


def test_a_tie_that_a_link_passes_in_part_is_shared_at_the_link_first(columns):
    joined = tree([Market("r"), Market("a", "r", export_limit_wh=10)], 1)
    rows = [(1, 0, -1, 20, 5), (1, 0, -1, 10, 5), (0, 0, -1, 20, 5), (0, 0, 1, 15, 8)]
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, 1)
    # of a's 30 Wh 10 may pass (20·10/30 → 7, 10·10/30 → 3); 15 of 30 are wanted: half of each
    assert found.accepted_wh.tolist() == [4, 1, 10, 15]
    assert found.price_micro_per_kwh.tolist() == [[5], [5]]


def test_giant_quantities_and_prices_stay_exact(columns):
    joined = tree([Market("r"), Market("a", "r", export_fee_micro_per_kwh=2**40)], 1)
    big, dear = 2**58, 2**58
    rows = [(0, 0, 1, big, dear), (0, 0, 1, big - 1, dear), (1, 0, -1, big // 2 + 1, -dear)]
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, 1)
    assert found.accepted_wh.sum() == 2 * (big // 2 + 1)
    assert found.price_micro_per_kwh.tolist() == [[dear], [dear - 2**40]]


@pytest.mark.parametrize("slots", [0, 1, 3])
def test_empty(slots, columns):
    joined = tree([Market("r"), Market("a", "r", 5, 5, 1)], slots)
    found = clear_tree(*columns([]), joined, slots)
    assert found.price_micro_per_kwh.shape == (2, slots)
    assert not found.priced.any()
    assert found.accepted_wh.size == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((0, 0, 1, 0, 5), "quantity"),
        ((0, 1, 1, 1, 5), "slot"),
        ((0, -1, 1, 1, 5), "slot"),
        ((2, 0, 1, 1, 5), "market"),
        ((-1, 0, 1, 1, 5), "market"),
        ((0, 0, 2, 1, 5), "side"),
    ],
)
def test_unsound_columns_are_a_bug(row, words, columns):
    joined = tree([Market("r"), Market("a", "r")], 1)
    with pytest.raises(ValueError, match=words):
        clear_tree(*columns([row]), joined, 1)


def test_columns_of_other_slots_and_circles_are_a_bug(columns):
    joined = tree([Market("r"), Market("a", "r", (1, 2))], 2)
    with pytest.raises(ValueError, match="columns"):
        clear_tree(*columns([]), joined, 3)
    joined.parent[:] = 1, 0
    with pytest.raises(ValueError, match="tree"):
        clear_tree(*columns([]), joined, 2)


def test_prices_beyond_what_can_be_computed_are_refused(columns):
    joined = tree([Market("r"), Market("a", "r", import_fee_micro_per_kwh=1)], 1)
    with pytest.raises(NumberOverflow):
        clear_tree(*columns([(0, 0, 1, 1, 2**59)]), joined, 1)
    with pytest.raises(NumberOverflow):
        clear_tree(*columns([(0, 0, 1, 2**62, 1), (0, 0, 1, 2**62, 1)]), joined, 1)


def test_where_rounding_parts_two_prices_the_market_below_gives_way(columns):
    joined = tree([Market("r"), Market("a", "r", export_fee_micro_per_kwh=1)], 1)
    found = clear_tree(*columns([(0, 0, 1, 1, 1), (1, 0, -1, 1, -1)]), joined, 1)
    # from 0 to 1 is open above: 0. From -1 to 0 is open below: 0 again, but the fee parts them.
    assert found.price_micro_per_kwh.tolist() == [[0], [-1]]


def test_an_open_market_above_does_not_pull_a_closed_trade(columns):
    """What trades below a link that carries nothing keeps the price it has alone."""
    joined = tree([Market("r"), Market("a", "r", None, None, 60, 60)], 1)
    rows = [(1, 0, 1, 1, 107), (1, 0, -1, 1, -10), (0, 0, -1, 5, 60), (0, 0, 1, 5, -10)]
    found = clear_tree(*columns(rows), joined, 1)
    assert found.price_micro_per_kwh[1].tolist() == [48]  # the middle of -10 and 107, half to even
    assert not found.export_wh.any()
