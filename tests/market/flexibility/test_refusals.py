import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.flexibility import exact
from gridpact.market.flexibility.offers import LARGEST_W, Direction
from gridpact.market.flexibility.refusals import (
    Product,
    Refusal,
    names,
    offer_faults,
    request_faults,
)

ALLOWED = np.array([True, False])
FAULTS = [
    ({}, ()),
    ({"provider": 1}, ("not authorised",)),
    ({"provider": -1}, ("not authorised",)),
    ({"location": 2}, ("location",)),
    ({"direction": 0}, ("direction",)),
    ({"first_slot": 4}, ("window",)),
    ({"first_slot": 3, "duration_slots": 2}, ("window",)),
    ({"duration_slots": 0}, ("window",)),
    ({"power_w": 0}, ("power",)),
    ({"power_w": LARGEST_W + 1}, ("power",)),
    ({"least_w": 11}, ("least",)),
    ({"ramp_w": -1}, ("ramp",)),
    ({"notice_s": 7201}, ("notice",)),
    ({"notice_s": 8100, "first_slot": 1}, ()),
    ({"reservation_micro_per_kw": -1}, ("price",)),
    ({"activation_micro_per_kwh": 10**12}, ("price",)),
    (
        {"provider": 9, "location": -1, "power_w": -5, "notice_s": 10**9, "ramp_w": -2},
        ("not authorised", "location", "power", "least", "ramp", "notice"),
    ),
]


def test_every_fault_of_an_offer_is_named(offers_of, tender_of):
    tender = tender_of([[1, 1]], slots=4)
    offers = offers_of([row for row, _ in FAULTS])
    codes = offer_faults(offers, tender, ALLOWED)
    assert [names(code) for code in codes.tolist()] == [fault for _, fault in FAULTS]
    twice = offers_of([{"sequence": 4}, {"sequence": 5}, {"sequence": 4}])
    assert offer_faults(twice, tender, ALLOWED).tolist() == [1, 0, 1]


def test_an_offer_must_fit_the_product(offers_of, tender_of):
    tender = tender_of([[1]], slots=8)
    product = Product(
        Direction.UP, 1_000, 4, 900, slowest_ramp_ppm=500_000, divisible=True, reservation=False
    )
    fit = {"power_w": 1_000, "duration_slots": 4, "activation_micro_per_kwh": 70_000}
    offers = offers_of(
        [
            fit,
            fit | {"direction": -1, "power_w": 999, "duration_slots": 3},
            fit | {"least_w": 1, "ramp_w": 499},
            fit | {"ramp_w": 500, "notice_s": 901, "reservation_micro_per_kw": 1},
            fit | {"power_w": 10**18, "ramp_w": 10**18},
        ]
    )
    codes = offer_faults(offers, tender, ALLOWED, product)
    assert [names(code) for code in codes.tolist()] == [
        (),
        ("direction", "power", "duration"),
        ("least", "ramp"),
        ("notice", "price"),
        ("power",),
    ]


@pytest.mark.parametrize(("zones", "refused"), [(None, []), ((1, 2), [0]), ((), [0, 1, 2])])
def test_a_product_is_bought_from_its_zones(zones, refused, offers_of, tender_of):
    offers = offers_of([{"location": zone} for zone in range(3)])
    product = Product(Direction.UP, 1, 1, 900, locations=zones)
    codes = offer_faults(offers, tender_of([[1, 1, 1]]), ALLOWED, product)
    assert np.flatnonzero(codes == Refusal.LOCATION).tolist() == refused
    assert not codes[codes != Refusal.LOCATION].any()


def test_every_fault_of_a_request_is_named(requests_of, tender_of):
    rows = [
        {"slot": 0},
        {"slot": 1, "constraint": 3, "procurer": 1},
        {"slot": 2},
        {"slot": 2, "limit_micro_per_kw": -1},
        {"slot": 3, "need_w": -5},
        {"slot": 3, "constraint": 1, "need_w": -5, "exclusive": True},
        {"slot": 9, "need_w": 10**12},
    ]
    tender = tender_of([[1], [1]], slots=4)
    codes = request_faults(requests_of(rows), tender, ALLOWED)
    assert [names(code) for code in codes.tolist()] == [
        (),
        ("not authorised", "constraint"),
        ("duplicate",),
        ("duplicate", "price"),
        (),
        ("need",),
        ("slot", "need"),
    ]


WILD = st.sampled_from([-(10**18), -1, 0, 1, 2, 3, 10, 10**18])


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_what_is_not_refused_can_be_selected(data, offers_of, requests_of, tender_of):
    fields = ("location", "direction", "first_slot", "duration_slots", "power_w", "least_w")
    fields += ("ramp_w", "notice_s", "reservation_micro_per_kw", "activation_micro_per_kwh")
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(fields, WILD)), max_size=6))
    row = {"direction": 1, "duration_slots": 1, "power_w": 1, "least_w": 0, "ramp_w": 5}
    rows = [*rows, row]
    tender = tender_of([[1_000_000, 400_000]], slots=3)
    offers = offers_of(rows)
    codes = offer_faults(offers, tender, ALLOWED)
    assert not codes[-1]
    sound = offers.take(codes == 0)
    found = exact.select(sound, requests_of([{"need_w": 3, "slot": 0}]), tender)
    assert found.power_w.shape == (sound.count, 3)


def test_the_numbers_of_refusals_never_change():
    assert [int(flag) for flag in Refusal] == [2**power for power in range(14)]
