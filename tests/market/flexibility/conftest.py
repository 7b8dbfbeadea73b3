"""Small tenders, and their optimum by trying every whole watt."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.market.flexibility.offers import Offers, Requests, Tender

START = 1_782_900_000
COLUMNS = {
    "sequence": 0,
    "provider": 0,
    "location": 0,
    "direction": 1,
    "first_slot": 0,
    "duration_slots": 1,
    "power_w": 10,
    "least_w": 0,
    "ramp_w": 10**9,
    "notice_s": 0,
    "reservation_micro_per_kw": 0,
    "activation_micro_per_kwh": 0,
}
ASKED = {
    "sequence": 0,
    "procurer": 0,
    "constraint": 0,
    "slot": 0,
    "need_w": 10,
    "limit_micro_per_kw": 10_000_000,
    "exclusive": False,
}


def _columns(rows, defaults):
    rows = [{"sequence": number} | row for number, row in enumerate(rows)]
    for name, default in defaults.items():
        kind = np.bool_ if isinstance(default, bool) else np.int64
        yield np.array([row.get(name, default) for row in rows], dtype=kind)


@pytest.fixture(scope="session")
def offers_of():
    return lambda rows: Offers(*_columns(rows, COLUMNS))


@pytest.fixture(scope="session")
def requests_of():
    return lambda rows: Requests(*_columns(rows, ASKED))


@pytest.fixture(scope="session")
def tender_of():
    def tender(sensitivity, slots=1, called=1_000_000, step=900):
        window = Slots(START, step, slots)
        matrix = np.array(sensitivity, dtype=np.int64).reshape(len(sensitivity), -1)
        return Tender(window, START - 7200, matrix, np.full(slots, called, dtype=np.int64))

    return tender


def _profiles(offer, slots):
    """Every profile that an offer can run, the empty one first."""
    first, count = offer["first_slot"], offer["duration_slots"]
    yield (0,) * slots
    for watts in product(range(offer["least_w"], offer["power_w"] + 1), repeat=count):
        steps = [abs(b - a) for a, b in pairwise(watts)]
        if any(watts) and max(steps, default=0) <= offer["ramp_w"]:
            yield (0,) * first + watts + (0,) * (slots - first - count)


def _splits(watts, ways):
    if ways == 0:
        return [()]
    return [(own, *rest) for own in range(watts + 1) for rest in _splits(watts - own, ways - 1)]


def _lacking(offers, requests, sensitivity, slot, watts):
    """Least value [nano] of what requests of a slot lack, given the watts of every offer."""
    here = [request for request in requests if request["slot"] == slot]
    physical = [request for request in here if not request["exclusive"]]
    alone = [request for request in here if request["exclusive"]]

    def effect(offer, request):
        ppm = sensitivity[request["constraint"]][offer["location"]]
        return Fraction(ppm * offer["direction"], 1_000_000)

    def value(request, relief):
        return max(request["need_w"] - relief, 0) * request["limit_micro_per_kw"]

    total = sum(
        value(r, sum(effect(o, r) * w for o, w in zip(offers, watts, strict=True)))
        for r in physical
    )
    if not alone:
        return total
    best = min(
        sum(
            value(r, sum(max(effect(o, r), 0) * s[at] for o, s in zip(offers, split, strict=True)))
            for at, r in enumerate(alone)
        )
        for split in product(*[_splits(w, len(alone)) for w in watts])
    )
    return total + best


@pytest.fixture(scope="session")
def least_cost():
    def search(offers, requests, sensitivity, slots, called=1_000_000, step=900):
        hours = Fraction(called * step, 3600 * 1_000_000)
        rates = [
            o["reservation_micro_per_kw"] + o["activation_micro_per_kwh"] * hours for o in offers
        ]
        known = {}

        def lacking(slot, watts):
            if (slot, watts) not in known:
                known[slot, watts] = _lacking(offers, requests, sensitivity, slot, watts)
            return known[slot, watts]

        return min(
            sum(rate * sum(run) for rate, run in zip(rates, runs, strict=True))
            + sum(lacking(t, tuple(run[t] for run in runs)) for t in range(slots))
            for runs in product(*[list(_profiles(offer, slots)) for offer in offers])
        )

    return search


PRICE = st.sampled_from([0, 1, 3, 500, 40_000]) | st.integers(0, 200_000)
PPM = st.sampled_from([0, 1_000_000, -1_000_000, 500_000, 333_333]) | st.integers(-(10**6), 10**6)


@st.composite
def small_tenders(draw, most=3, slots=2, power=3):
    """Rows of offers and requests and sensitivities, small enough to try everything."""
    count, constraints, locations = draw(st.integers(0, most)), draw(st.integers(1, 2)), 2
    offers = []
    for number in range(count):
        first = draw(st.integers(0, slots - 1))
        watts = draw(st.integers(1, power))
        offers.append(
            COLUMNS
            | {
                "sequence": number,
                "provider": number,
                "location": draw(st.integers(0, locations - 1)),
                "direction": draw(st.sampled_from([1, -1])),
                "first_slot": first,
                "duration_slots": draw(st.integers(1, slots - first)),
                "power_w": watts,
                "least_w": draw(st.sampled_from([0, 0, watts, min(2, watts)])),
                "ramp_w": draw(st.sampled_from([0, 1, 10])),
                "reservation_micro_per_kw": draw(PRICE),
                "activation_micro_per_kwh": draw(PRICE),
            }
        )
    places = draw(
        st.lists(
            st.tuples(st.integers(0, constraints - 1), st.integers(0, slots - 1)),
            unique=True,
            max_size=3,
        )
    )
    requests = []
    for number, (constraint, slot) in enumerate(places):
        alone = draw(st.booleans())
        requests.append(
            ASKED
            | {
                "sequence": number,
                "procurer": draw(st.integers(0, 1)),
                "constraint": constraint,
                "slot": slot,
                "need_w": draw(st.integers(0 if alone else -2, 7)),
                "limit_micro_per_kw": draw(st.sampled_from([0, 1000, 90_000, 10**7])),
                "exclusive": alone,
            }
        )
    sensitivity = [[draw(PPM) for _ in range(locations)] for _ in range(constraints)]
    return offers, requests, sensitivity


@pytest.fixture(scope="session")
def tenders():
    return small_tenders
