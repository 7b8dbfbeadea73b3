"""From prosumers through aggregators to procurers and back: every watt and nano-¤ is traced."""

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.contracts.cashflows import cashflows
from gridpact.market.flexibility import exact, greedy
from gridpact.market.flexibility.contracts import Parties, to_contract
from gridpact.market.flexibility.pooling import (
    Aggregators,
    choose_aggregators,
    pool,
    share_out,
)
from gridpact.market.flexibility.refusals import offer_faults, request_faults
from gridpact.market.flexibility.selection import accounts

SLOTS, HOMES, ZONES = 4, 200, 5
DSO, TSO, BRP = range(3)
AGGREGATOR = Parties("aggregator", "operator", "EUR")


def homes():
    random = stream(11, "homes")
    for number in range(HOMES):
        power = int(random.integers(500, 11_000))
        first = int(random.integers(0, 2))
        yield {
            "provider": number,
            "location": int(random.integers(0, ZONES)),
            "direction": 1 if random.random() < 0.7 else -1,
            "first_slot": first * 2,
            "duration_slots": 2,
            "power_w": power,
            "least_w": power // 4 if random.random() < 0.2 else 0,
            "ramp_w": power // 2 if random.random() < 0.3 else power,
            "notice_s": int(random.choice([300, 900])),
            "reservation_micro_per_kw": int(random.integers(0, 4_000)),
            "activation_micro_per_kwh": int(random.integers(80_000, 350_000)),
        }


NEEDS = (
    [{"procurer": DSO, "constraint": 0, "slot": t, "need_w": 25_000} for t in range(SLOTS)]
    + [{"procurer": DSO, "constraint": 1, "slot": t, "need_w": -60_000} for t in range(SLOTS)]
    + [
        {"procurer": who, "constraint": at, "slot": t, "need_w": 40_000, "exclusive": True}
        for at, who in ((2, TSO), (3, BRP))
        for t in (1, 2)
    ]
)


@pytest.mark.parametrize("select", [exact.select, greedy.select])
def test_everything_adds_up(select, offers_of, requests_of, tender_of):
    offers, wanted = offers_of(list(homes())), requests_of(NEEDS)
    everyone = np.ones(HOMES, dtype=np.bool_)
    feeders = [[900_000, 500_000, 0, 0, 200_000], [0, 0, -800_000, -600_000, 100_000]]
    tender = tender_of([*feeders, [1_000_000] * ZONES, [1_000_000] * ZONES], SLOTS)
    assert not offer_faults(offers, tender, everyone).any()
    assert not request_faults(wanted, tender, everyone).any()

    serves = np.array([[True] * 5, [True, True, False, False, True]])
    terms = Aggregators(np.array([60_000, 30_000]), serves, np.array([0, 2_000]))
    chosen = choose_aggregators(offers, terms)
    assert np.all(chosen >= 0)
    pools = pool(offers, chosen, terms)
    found = select(pools.offers, wanted, tender)
    assert not found.unmet.lacking_w.any()
    books = accounts(pools.offers, wanted, tender, found, 3)
    shares = share_out(offers, pools, found.power_w, books)

    assert np.all(books.paid_nano.sum(axis=1) > 0), "every procurer takes part"
    assert books.paid_nano.sum() == shares.earned_nano.sum() + shares.fee_nano.sum()
    np.testing.assert_array_equal(shares.power_w.sum(axis=0), found.power_w.sum(axis=0))
    assert np.all(shares.power_w <= offers.power_w[:, None])

    settled = 0
    for row in range(pools.offers.count):
        contract = to_contract(pools.offers, found, tender, row, AGGREGATOR)
        idle = np.zeros(SLOTS, dtype=np.int64)
        up = pools.offers.direction[row] > 0
        called = (books.energy_wh[row], idle) if up else (idle, books.energy_wh[row])
        world = dict(zip(("choice:activate-up", "choice:activate-down"), called, strict=True))
        for (payer, *_), amount in cashflows(contract, world, tender.window).items():
            settled += int(amount.sum()) * (1 if payer == "operator" else -1)
    assert settled == books.paid_nano.sum()


def test_pools_cost_more_than_their_members_would_alone(offers_of, requests_of, tender_of):
    """A pool is called as a whole at a mean price: less choice, never less cost."""
    offers, wanted = offers_of(list(homes())), requests_of(NEEDS[:4])
    tender = tender_of([[900_000, 500_000, 0, 0, 200_000]], SLOTS)
    terms = Aggregators(np.array([0]), np.ones((1, ZONES), np.bool_), np.array([0]))
    pools = pool(offers, choose_aggregators(offers, terms), terms)
    alone = exact.select(offers, wanted, tender)
    pooled = exact.select(pools.offers, wanted, tender)
    assert pooled.cost_nano >= alone.bound_nano
