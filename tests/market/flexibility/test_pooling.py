import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.flexibility import exact
from gridpact.market.flexibility.pooling import (
    Aggregators,
    choose_aggregators,
    pool,
    share_out,
)
from gridpact.market.flexibility.selection import accounts

SLOTS = 3


def aggregators(*fees):
    return Aggregators(
        np.array(fees, dtype=np.int64),
        np.ones((len(fees), 2), dtype=np.bool_),
        np.zeros(len(fees), dtype=np.int64),
    )


def test_an_offer_goes_to_the_cheapest_aggregator_that_takes_it(offers_of):
    offers = offers_of(
        [
            {"location": 0, "power_w": 900},
            {"location": 0, "power_w": 90},
            {"location": 1, "power_w": 900},
            {"location": 2, "power_w": 900},
        ]
    )
    serves = np.array([[True, True, False], [True, False, False], [True, True, False]])
    terms = Aggregators(np.array([50, 20, 50]), serves, np.array([0, 500, 0]))
    assert choose_aggregators(offers, terms).tolist() == [1, 0, 0, -1]
    nobody = Aggregators(np.empty(0, np.int64), np.empty((0, 3), np.bool_), np.empty(0, np.int64))
    assert choose_aggregators(offers, nobody).tolist() == [-1] * 4


def test_a_pool_by_hand(offers_of, requests_of, tender_of):
    """3 kW at 0.10 and 1 kW at 0.30 ¤/kWh: the mean is 0.15, with a fee of 10 % 0.165."""
    offers = offers_of(
        [
            {"power_w": 3_000, "activation_micro_per_kwh": 100_000, "notice_s": 60},
            {"power_w": 1_000, "activation_micro_per_kwh": 300_000, "notice_s": 900},
            {"power_w": 1_000, "direction": -1},
        ]
    )
    terms = aggregators(100_000)
    pools = pool(offers, np.array([0, 0, 0]), terms)
    up = int(pools.pool[0])
    assert pools.pool.tolist() == [up, up, 1 - up]
    assert pools.offers.power_w[up] == 4_000
    assert pools.offers.notice_s[up] == 900
    assert pools.offers.activation_micro_per_kwh[up] == 165_000

    tender, wanted = tender_of([[1_000_000]]), requests_of([{"need_w": 2_000}])
    found = exact.select(pools.offers, wanted, tender)
    books = accounts(pools.offers, wanted, tender, found, 1)
    shares = share_out(offers, pools, found.power_w, books)
    # a quarter-hour of 2 kW is 0.5 kWh: 0.0825 ¤, of which 0.0075 is the fee
    assert shares.power_w[:, 0].tolist() == [1_500, 500, 0]
    assert shares.fee_nano[up] == 7_500_000
    assert shares.earned_nano.tolist() == [37_500_000, 37_500_000, 0]


PRICE = st.integers(0, 300_000)


@st.composite
def members(draw):
    rows = []
    for number in range(draw(st.integers(1, 9))):
        power = draw(st.integers(1, 8_000))
        first = draw(st.sampled_from([0, 0, 1]))
        rows.append(
            {
                "sequence": 100 - number,
                "provider": number,
                "location": draw(st.integers(0, 1)),
                "direction": draw(st.sampled_from([1, 1, -1])),
                "first_slot": first,
                "duration_slots": draw(st.integers(1, 2)),
                "power_w": power,
                "least_w": draw(st.integers(0, power) | st.just(0)),
                "ramp_w": draw(st.sampled_from([0, 1, 500, 10_000])),
                "reservation_micro_per_kw": draw(PRICE),
                "activation_micro_per_kwh": draw(PRICE),
            }
        )
    return rows


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_members_run_and_earn_what_they_offered(data, offers_of, requests_of, tender_of):
    rows = data.draw(members(), label="members")
    fees = data.draw(st.lists(st.integers(0, 200_000), min_size=2, max_size=2), label="fees")
    offers, terms = offers_of(rows), aggregators(*fees)
    chosen = np.array(data.draw(st.lists(st.integers(-1, 1), min_size=9, max_size=9)))
    pools = pool(offers, chosen[: offers.count], terms)
    np.testing.assert_array_equal(pools.pool < 0, chosen[: offers.count] < 0)
    tender = tender_of([[900_000, -500_000]], SLOTS)
    needs = data.draw(st.lists(st.integers(0, 20_000), min_size=3, max_size=3), label="needs")
    wanted = requests_of([{"slot": t, "need_w": need} for t, need in enumerate(needs)])
    found = exact.select(pools.offers, wanted, tender)
    books = accounts(pools.offers, wanted, tender, found, 1)
    shares = share_out(offers, pools, found.power_w, books)

    inside = pools.pool >= 0
    assert not shares.power_w[~inside].any()
    for row in range(pools.offers.count):
        mine = pools.pool == row
        np.testing.assert_array_equal(shares.power_w[mine].sum(axis=0), found.power_w[row])
        received = int(books.paid_nano[:, row].sum())
        assert shares.earned_nano[mine].sum() + shares.fee_nano[row] == received
    for row in np.flatnonzero(inside).tolist():
        keeps_its_terms(offers, row, shares.power_w[row])
        earns_its_ask(offers, tender, row, shares)


def keeps_its_terms(offers, row, watts):
    first, count = int(offers.first_slot[row]), int(offers.duration_slots[row])
    inside = watts[first : first + count]
    assert watts.sum() == inside.sum()
    if inside.any():
        assert inside.min() >= offers.least_w[row]
        assert inside.max() <= offers.power_w[row]
        assert np.all(np.abs(np.diff(inside)) <= offers.ramp_w[row])


def earns_its_ask(offers, tender, row, shares):
    """What is earned is at least what was asked, but for whole watts, Wh and micros."""
    watts = shares.power_w[row]
    hours = tender.window.step / 3600
    reserve, energy = (
        int(column[row])
        for column in (offers.reservation_micro_per_kw, offers.activation_micro_per_kwh)
    )
    asked = float(np.sum(watts) * (reserve + energy * hours))
    odd = 3 * watts.size * (1 + hours) * 300_000 * 2  # a watt and a Wh either way, per slot
    assert shares.earned_nano[row] >= asked - odd


def test_nothing_to_pool(offers_of):
    pools = pool(offers_of([]), np.empty(0, np.int64), aggregators(5))
    assert pools.offers.count == 0
    none = pool(offers_of([{}]), np.array([-1]), aggregators(5))
    assert none.offers.count == 0
    assert none.pool.tolist() == [-1]
