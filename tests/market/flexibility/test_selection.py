"""Selections against trying every whole watt, and what must hold of any of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.base.errors import NumberOverflow
from gridpact.base.randomness import stream
from gridpact.market.flexibility import exact, greedy
from gridpact.market.flexibility.selection import Reason, accounts

SLOTS = 2


def build(rows, offers_of, requests_of, tender_of, called=1_000_000):
    offers, requests, sensitivity = rows
    return offers_of(offers), requests_of(requests), tender_of(sensitivity, SLOTS, called)


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_no_whole_watts_are_cheaper(data, tenders, offers_of, requests_of, tender_of, least_cost):
    rows = data.draw(tenders(), label="tender")
    called = data.draw(st.sampled_from([0, 1_000_000, 300_000]), label="called")
    tender = build(rows, offers_of, requests_of, tender_of, called)
    best = float(least_cost(*rows, SLOTS, called))
    found, quick = exact.select(*tender), greedy.select(*tender)
    assert found.cost_nano == pytest.approx(best, abs=0.6)
    assert found.gap_nano < 1
    assert quick.cost_nano >= best - 0.6
    assert quick.bound_nano <= best + 0.6
    assert quick.gap_nano >= quick.cost_nano - best - 0.6


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_limits_are_kept_and_money_balances(data, tenders, offers_of, requests_of, tender_of):
    rows = data.draw(tenders(most=6, power=10_000), label="tender")
    offers, requests, tender = build(rows, offers_of, requests_of, tender_of)
    for select in (exact.select, greedy.select):
        found = select(offers, requests, tender)
        keeps_limits(offers, found)
        assigned = np.zeros_like(found.power_w)
        for at, slot in enumerate(requests.slot.tolist()):
            assigned[:, slot] += found.assigned_w[:, at]
        assert np.all((found.assigned_w >= 0).all() & (assigned <= found.power_w))
        assert not found.assigned_w[:, ~requests.exclusive].any()
        lacks_what_it_says(offers, requests, tender, found)

        books = accounts(offers, requests, tender, found, procurers=2)
        earned = books.reservation_nano.sum(axis=1) + books.activation_nano.sum(axis=1)
        np.testing.assert_array_equal(books.paid_nano.sum(axis=0), earned)
        assert np.all(books.paid_nano >= 0)
        assert books.received_by(offers, 6).sum() == books.paid_nano.sum()


def keeps_limits(offers, found):
    for row in range(offers.count):
        window = slice(offers.first_slot[row], offers.first_slot[row] + offers.duration_slots[row])
        watts = found.power_w[row]
        assert watts.sum() == watts[window].sum(), "outside its window"
        if watts.any():
            inside = watts[window]
            assert inside.min() >= offers.least_w[row]
            assert inside.max() <= offers.power_w[row]
            assert np.all(np.abs(np.diff(inside)) <= offers.ramp_w[row])


def lacks_what_it_says(offers, requests, tender, found):
    for at in range(requests.count):
        ppm = tender.sensitivity_ppm[requests.constraint[at], offers.location] * offers.direction
        used = (
            found.assigned_w[:, at]
            if requests.exclusive[at]
            else found.power_w[:, requests.slot[at]]
        )
        relief = (
            int(np.sum(ppm * used))
            if not requests.exclusive[at]
            else int(np.sum(np.maximum(ppm, 0) * used))
        )
        lacks = max(int(requests.need_w[at]) * 1_000_000 - relief, 0)
        assert found.unmet.lacking_w[at] == -(-lacks // 1_000_000)
        assert (found.unmet.reason[at] == Reason.MET) == (lacks == 0)


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_another_offer_never_raises_the_cost(data, tenders, offers_of, requests_of, tender_of):
    rows = data.draw(tenders(most=5, power=5_000), label="tender")
    offers, requests, tender = build(rows, offers_of, requests_of, tender_of)
    kept = np.arange(offers.count) != data.draw(st.integers(0, 5), label="left out")
    fewer = exact.select(offers.take(kept), requests, tender)
    assert exact.select(offers, requests, tender).cost_nano <= fewer.cost_nano + 1


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_row_order_does_not_matter(data, tenders, offers_of, requests_of, tender_of):
    rows = data.draw(tenders(most=5, power=5_000), label="tender")
    offers, requests, tender = build(rows, offers_of, requests_of, tender_of)
    one = np.array(data.draw(st.permutations(range(offers.count))), dtype=np.int64)
    other = np.array(data.draw(st.permutations(range(requests.count))), dtype=np.int64)
    for select in (exact.select, greedy.select):
        found = select(offers, requests, tender)
        again = select(offers.take(one), requests.take(other), tender)
        np.testing.assert_array_equal(again.power_w, found.power_w[one])
        np.testing.assert_array_equal(again.unmet.lacking_w, found.unmet.lacking_w[other])


def test_a_divisible_tender_costs_what_a_linear_programme_says(offers_of, requests_of, tender_of):
    random, count = stream(3, "tender"), 60
    sensitivity = random.integers(-1_000_000, 1_000_000, (3, 8))
    price = random.integers(1_000, 90_000, count)
    power = random.integers(500, 6_000, count)
    place = random.integers(0, 8, count)
    offers = offers_of(
        [
            {"location": place[n], "power_w": power[n], "reservation_micro_per_kw": price[n]}
            for n in range(count)
        ]
    )
    need = [20_000, 15_000, -4_000]
    requests = requests_of([{"constraint": n, "need_w": w} for n, w in enumerate(need)])
    tender = tender_of(sensitivity.tolist(), called=0)
    effect = sensitivity[:, place] / 1_000_000
    best = linprog(
        np.concatenate([price, np.full(3, 10_000_000)]).astype(float),
        A_ub=-np.hstack([effect, np.eye(3)]),
        b_ub=-np.array(need, dtype=float),
        bounds=[(0, w) for w in power] + [(0, None)] * 3,
    )
    found = exact.select(offers, requests, tender)
    # each of three needs can make one offer end within a watt
    assert best.fun - 1 <= found.cost_nano <= best.fun + 3 * 90_000
    quick = greedy.select(offers, requests, tender)
    assert quick.bound_nano == pytest.approx(best.fun, rel=1e-6)
    assert quick.cost_nano >= found.bound_nano - 1


def test_reasons_name_what_is_missing(offers_of, requests_of, tender_of):
    offers = offers_of(
        [
            {"location": 0, "power_w": 400, "reservation_micro_per_kw": 50},
            {"location": 1, "power_w": 1_000, "reservation_micro_per_kw": 9_000},
            {"location": 2, "power_w": 700, "least_w": 700, "reservation_micro_per_kw": 100},
            {"location": 3, "power_w": 900, "reservation_micro_per_kw": 10},
        ]
    )
    each = np.diag([1_000_000] * 4)
    each[0, 1] = 0
    each = np.vstack([each, [0, 0, 0, -1_000_000]])  # what helps the fourth harms the fifth
    requests = requests_of(
        [
            {"constraint": 0, "need_w": 1_000, "limit_micro_per_kw": 5_000},
            {"constraint": 1, "need_w": 300, "limit_micro_per_kw": 5_000},
            {"constraint": 2, "need_w": 5, "limit_micro_per_kw": 5_000},
            {"constraint": 3, "need_w": 600, "limit_micro_per_kw": 5_000},
            {"constraint": 4, "need_w": -250, "limit_micro_per_kw": 90_000},
        ]
    )
    found = exact.select(offers, requests, tender_of(each.tolist(), called=0))
    assert found.unmet.reason.tolist() == [
        Reason.SCARCE,
        Reason.DEAR,
        Reason.BOUND,
        Reason.BOUND,
        Reason.MET,
    ]
    assert found.unmet.lacking_w.tolist() == [600, 300, 5, 350, 0]
    assert found.unmet.attainable_w.tolist() == [400, 1_000, 700, 900, 0]


def test_a_watt_counts_for_two_grids_but_for_one_portfolio(offers_of, requests_of, tender_of):
    offers = offers_of([{"power_w": 900, "reservation_micro_per_kw": 100}])
    everywhere = [[1_000_000], [1_000_000]]
    wanted = [
        {"constraint": 0, "procurer": 0, "need_w": 500},
        {"constraint": 1, "procurer": 1, "need_w": 500},
    ]
    tender = tender_of(everywhere, called=0)
    shared = exact.select(offers, requests_of(wanted), tender)
    assert shared.power_w.tolist() == [[500]]
    books = accounts(offers, requests_of(wanted), tender, shared, 2)
    assert books.paid_nano.tolist() == [[25_000], [25_000]]

    alone = requests_of([row | {"exclusive": True} for row in wanted])
    for select in (exact.select, greedy.select):
        found = select(offers, alone, tender)
        assert found.power_w.tolist() == [[900]]
        assert found.unmet.lacking_w.sum() == 100
        assert accounts(offers, alone, tender, found, 2).paid_nano.sum() == 90_000


def test_greedy_over_a_thousand_offers_is_near_the_optimum(offers_of, requests_of, tender_of):
    random, count = stream(5, "tender"), 1_000
    rows = [
        {
            "location": int(random.integers(0, 20)),
            "power_w": int(random.integers(1_000, 50_000)),
            "first_slot": int(random.integers(0, 3)),
            "duration_slots": int(random.integers(1, 3)),
            "activation_micro_per_kwh": int(random.integers(50_000, 400_000)),
        }
        for _ in range(count)
    ]
    sensitivity = random.integers(100_000, 1_000_000, (2, 20))
    wanted = [
        {"constraint": c, "slot": t, "need_w": 900_000 + 100_000 * t + 50_000 * c}
        for c in range(2)
        for t in range(4)
    ]
    quick = greedy.select(offers_of(rows), requests_of(wanted), tender_of(sensitivity.tolist(), 4))
    assert not quick.unmet.lacking_w.any()
    assert 0 <= quick.gap_nano < 0.15 * quick.bound_nano


@pytest.mark.parametrize("indivisible", [0.0, 0.05])
def test_a_large_tender_is_proved_within_a_millionth(
    indivisible, offers_of, requests_of, tender_of
):
    random, count = stream(6, "tender"), 600
    power, semi = random.integers(1_000, 50_000, count), random.random(count) < indivisible
    rows = [
        {
            "location": int(random.integers(0, 20)),
            "power_w": int(power[n]),
            "least_w": int(power[n]) // 2 if semi[n] else 0,
            "first_slot": int(random.integers(0, 3)),
            "duration_slots": int(random.integers(1, 3)),
            "reservation_micro_per_kw": int(random.integers(1_000, 90_000)),
        }
        for n in range(count)
    ]
    wanted = [{"constraint": c, "slot": t, "need_w": 400_000} for c in range(2) for t in range(4)]
    tender = tender_of(random.integers(100_000, 10**6, (2, 20)).tolist(), 4, called=0)
    found = exact.select(offers_of(rows), requests_of(wanted), tender)
    fractions = greedy.select(offers_of(rows), requests_of(wanted), tender).bound_nano
    assert fractions - 1 <= found.bound_nano <= found.cost_nano
    assert found.gap_nano <= 1e-6 * found.cost_nano
    assert not found.unmet.lacking_w.any()


def test_unsound_columns_are_a_defect(offers_of, requests_of, tender_of):
    tender = tender_of([[1_000_000]])
    with pytest.raises(ValueError, match="unsound"):
        exact.select(offers_of([{"least_w": 11}]), requests_of([{}]), tender)
    with pytest.raises(ValueError, match="unsound"):
        greedy.select(offers_of([{"first_slot": 1}]), requests_of([{}]), tender)


@pytest.mark.parametrize("fault", [{"location": 1}, {"location": -1}, {"ramp_w": -1}])
def test_an_offer_from_nowhere_is_a_defect(fault, offers_of, requests_of, tender_of):
    with pytest.raises(ValueError, match="unsound"):
        exact.select(offers_of([fault]), requests_of([{}]), tender_of([[1_000_000]]))


def test_offers_too_large_to_add_up(offers_of, requests_of, tender_of):
    offers = offers_of([{"power_w": 10**10} for _ in range(1_000)])
    with pytest.raises(NumberOverflow):
        greedy.select(offers, requests_of([{}]), tender_of([[1_000_000]]))


def test_nothing_offered_or_nothing_asked(offers_of, requests_of, tender_of):
    tender = tender_of([[1_000_000]])
    for select in (exact.select, greedy.select):
        bare = select(offers_of([]), requests_of([{"need_w": 7}]), tender)
        assert bare.unmet.lacking_w.tolist() == [7]
        assert bare.unmet.reason.tolist() == [Reason.SCARCE]
        idle = select(offers_of([{"activation_micro_per_kwh": 5}]), requests_of([]), tender)
        assert not idle.power_w.any()
        assert idle.cost_nano == 0
