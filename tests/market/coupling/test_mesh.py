import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput, NumberOverflow
from gridpact.market.clearing import uniform_price
from gridpact.market.coupling.accounts import welfare_nano
from gridpact.market.coupling.clearing import clear_tree
from gridpact.market.coupling.lines import Line, mesh
from gridpact.market.coupling.mesh import clear_mesh, line_money
from gridpact.market.coupling.rounds import Arcs, distances, gainful_round
from gridpact.market.coupling.tree import written_out

SLOTS = 2


@st.composite
def meshed_books(draw, wide=True, most=20):
    """Rows (market, slot, side, quantity, limit); up to eight lines between up to five markets."""
    count = draw(st.integers(1, 5))
    small, large = st.integers(-6, 6), st.integers(-400_000, 400_000)
    price = draw(st.sampled_from([small, large, st.just(7)])) if wide else small
    limit = st.none() | st.integers(0, 20) | st.tuples(*[st.integers(0, 20)] * SLOTS)
    fee = st.sampled_from([0, 0, 1, 2, 5])
    lines = []
    for _ in range(draw(st.integers(0, 8)) if count > 1 else 0):
        source = draw(st.integers(0, count - 1))
        target = (source + draw(st.integers(1, count - 1))) % count
        amounts = (draw(limit), draw(limit), draw(fee), draw(fee))
        lines.append(Line(f"m{source}", f"m{target}", *amounts))
    place, slot = st.integers(0, count - 1), st.integers(0, SLOTS - 1)
    row = st.tuples(place, slot, st.sampled_from([1, -1]), st.integers(1, 12), price)
    names = [f"m{number}" for number in range(count)]
    return draw(st.lists(row, max_size=most)), mesh(names, lines, SLOTS)


def of_slot(column, slot):
    return np.broadcast_to(column, (column.shape[0], SLOTS))[:, slot]


def welfare(orders, joined, found):
    total = np.zeros(SLOTS, dtype=np.int64)
    np.add.at(total, orders.slot, orders.side * found.accepted_wh * orders.limit_micro_per_kwh)
    return total - line_money(joined, found).fee_nano.sum(axis=0)


@given(meshed_books(wide=False, most=14))
@settings(deadline=None, max_examples=150)
def test_welfare_and_volume_are_a_linear_programs_optimum(columns, flow_optimum, drawn):
    rows, joined = drawn
    orders, market = columns(rows)
    found = clear_mesh(orders, market, joined, SLOTS)
    gained = welfare(orders, joined, found)
    for slot in range(SLOTS):
        limits = [of_slot(at, slot) for at in (joined.forward_limit_wh, joined.backward_limit_wh)]
        fees = [
            of_slot(at, slot)
            for at in (joined.forward_fee_micro_per_kwh, joined.backward_fee_micro_per_kwh)
        ]
        best = flow_optimum(
            orders, market, joined.count, slot, (joined.source, joined.target, *limits, *fees)
        )
        assert gained[slot] == best.welfare
        assert found.bought_wh[:, slot].sum() == pytest.approx(best.volume, abs=1e-4)


@given(meshed_books())
@settings(deadline=None, max_examples=200)
def test_energy_money_and_prices_hold_together(columns, drawn):
    rows, joined = drawn
    orders, market = columns(rows)
    found = clear_mesh(orders, market, joined, SLOTS)
    assert np.all((found.accepted_wh >= 0) & (found.accepted_wh <= orders.quantity_wh))
    left = found.sold_wh - found.bought_wh
    np.subtract.at(left, joined.source, found.flow_wh)
    np.add.at(left, joined.target, found.flow_wh)
    assert not left.any()
    price = found.price_micro_per_kwh[market, orders.slot]
    gain = orders.side * (orders.limit_micro_per_kwh - price)
    assert np.all(gain[found.accepted_wh > 0] >= 0)
    assert np.all((found.accepted_wh == orders.quantity_wh)[gain > 0])
    money = line_money(joined, found)
    assert np.all(money.rent_nano >= 0)
    payments = orders.side * found.accepted_wh * price
    assert payments.sum() == (money.fee_nano + money.rent_nano).sum()
    for slot in range(SLOTS):
        both = found.priced[joined.source, slot] & found.priced[joined.target, slot]
        level = found.price_micro_per_kwh[:, slot]
        rise = np.where(both, level[joined.target] - level[joined.source], 0)
        flow = found.flow_wh[:, slot]
        forward, backward = (
            of_slot(at, slot) for at in (joined.forward_limit_wh, joined.backward_limit_wh)
        )
        assert np.all((flow <= forward) | (forward < 0))
        assert np.all((-flow <= backward) | (backward < 0))
        open_ = both & ((flow < forward) | (forward < 0))
        fee = of_slot(joined.forward_fee_micro_per_kwh, slot)
        assert np.all(rise[open_] <= fee[open_])
        open_ = both & ((-flow < backward) | (backward < 0))
        fee = of_slot(joined.backward_fee_micro_per_kwh, slot)
        assert np.all(-rise[open_] <= fee[open_])


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_a_mesh_without_rings_is_a_tree(data, joined_books, columns):
    rows, joined = data.draw(joined_books())
    orders, market = columns(rows)
    links = np.flatnonzero(joined.parent >= 0)
    full = written_out(joined, SLOTS)
    lines = [
        Line(
            joined.ids[row],
            joined.ids[joined.parent[row]],
            *(
                tuple(at[row].tolist())
                for at in (
                    np.minimum(full.export_limit_wh, 10**9),
                    np.minimum(full.import_limit_wh, 10**9),
                    full.export_fee_micro_per_kwh,
                    full.import_fee_micro_per_kwh,
                )
            ),
        )
        for row in links
    ]
    ring_free = mesh(joined.ids, lines, SLOTS)
    found = clear_mesh(orders, market, ring_free, SLOTS)
    whole = clear_tree(orders, market, joined, SLOTS)
    np.testing.assert_array_equal(
        welfare(orders, ring_free, found), welfare_nano(orders, joined, whole)
    )
    np.testing.assert_array_equal(found.bought_wh.sum(axis=0), whole.bought_wh.sum(axis=0))
    assert np.all(found.priced | ~whole.priced)


@given(meshed_books(), st.data())
@settings(deadline=None, max_examples=80)
def test_row_order_does_not_matter(columns, drawn, data):
    rows, joined = drawn
    orders, market = columns(rows)
    found = clear_mesh(orders, market, joined, SLOTS)
    mix = np.array(data.draw(st.permutations(range(orders.count))), dtype=np.int64)
    again = clear_mesh(orders.take(mix), market[mix], joined, SLOTS)
    np.testing.assert_array_equal(found.accepted_wh[mix], again.accepted_wh)
    np.testing.assert_array_equal(found.price_micro_per_kwh, again.price_micro_per_kwh)
    np.testing.assert_array_equal(found.flow_wh, again.flow_wh)


@given(meshed_books())
@settings(deadline=None, max_examples=80)
def test_one_market_is_the_uniform_price_auction(columns, drawn):
    rows, _ = drawn
    orders, _ = columns(rows)
    found = clear_mesh(orders, np.zeros(orders.count, np.int64), mesh(["m"], [], SLOTS), SLOTS)
    alone = uniform_price.clear(orders, SLOTS)
    np.testing.assert_array_equal(found.accepted_wh, alone.accepted_wh)
    np.testing.assert_array_equal(
        found.price_micro_per_kwh[0, alone.traded], alone.price_micro_per_kwh[alone.traded]
    )


def test_two_ways_round_a_ring(columns):
    """The direct line is full at 4 Wh; 3 more take the way through a third market, at two fees."""
    lines = [Line("a", "b", 4, 0), Line("a", "c", 3, 0, 1), Line("c", "b", 9, 0, 2)]
    joined = mesh(["a", "b", "c"], lines, 1)
    orders, market = columns([(0, 0, -1, 20, 10), (1, 0, 1, 8, 50), (1, 0, -1, 5, 40)])
    found = clear_mesh(orders, market, joined, 1)
    assert found.flow_wh.tolist() == [[4], [3], [3]]
    assert found.accepted_wh.tolist() == [7, 8, 1]
    # a's and b's own offers are served in part; c may lie anywhere from 40 - 2, above a's 10 + 1
    assert found.price_micro_per_kwh.tolist() == [[10], [40], [38]]
    money = line_money(joined, found)
    assert money.fee_nano.tolist() == [[0], [3], [6]]
    assert money.rent_nano.tolist() == [[4 * 30], [3 * 27], [0]]


def test_all_faults_of_lines_are_listed():
    lines = [Line("a", "x", -1), Line("b", "b", None, 5, (1, 2, 3)), Line("a", "b", 1, 1, 1, -4)]
    with pytest.raises(BadInput) as raised:
        mesh(["a", "b", "a"], lines, 2, "lines.yaml")
    assert [str(fault).split(". Fix: ")[0] for fault in raised.value.faults] == [
        "lines.yaml: a: is named twice among the markets",
        "lines.yaml:1: forward_limit_wh: is negative",
        "lines.yaml:1: target: 'x' is not known",
        "lines.yaml:2: forward_fee_micro_per_kwh: has 3 numbers for 2 slots",
        "lines.yaml:2: target: is the source as well",
        "lines.yaml:3: backward_fee_micro_per_kwh: is negative",
    ]


def test_what_a_mesh_cannot_compute_is_refused(columns):
    joined = mesh(["a", "b"], [Line("a", "b", (1, 2))], 2)
    with pytest.raises(NumberOverflow):
        clear_mesh(*columns([(0, 0, 1, 1, 2**51)]), joined, 2)
    with pytest.raises(ValueError, match="columns"):
        clear_mesh(*columns([]), joined, 3)
    with pytest.raises(ValueError, match="at most"):
        clear_mesh(*columns([]), mesh([str(at) for at in range(501)], [], 1), 1)


ARCS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(-3, 9)), min_size=1, max_size=12
)


@given(ARCS)
@settings(deadline=None, max_examples=200)
def test_rounds_and_distances_against_every_walk(rows):
    tail, head, cost = (np.array(at) for at in zip(*rows, strict=True))
    arcs = Arcs(tail, head, cost, np.ones_like(cost), np.arange(cost.size))
    # least cost of walks by number of arcs, in Python
    far = float("inf")
    least = [[0 if a == b else far for b in range(5)] for a in range(5)]
    for _ in range(5):
        for a in range(5):
            for u, v, c in rows:
                least[a][v] = min(least[a][v], least[a][u] + c)
    gains = any(least[a][a] < 0 for a in range(5))
    around = gainful_round(arcs, 5)
    assert bool(around.size) == gains
    if gains:
        assert cost[around].sum() < 0
        assert head[around].tolist() == np.roll(tail[around], 1).tolist()
        return
    for start in range(5):
        found = [far if at == 2**62 else at for at in distances(arcs, start, 5).tolist()]
        assert found == least[start]
