"""The physical side of a day: every Wh comes from somewhere and goes somewhere, exactly."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.market.messages import Session, SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import SharingRules, Tariffs
from gridpact.settlement.day import Facts, energy, laid_over


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_every_wh_is_accounted_for(data, settled_day):
    community, facts, _ = settled_day(data)
    spent = energy(community, facts)
    out, back = facts.metered.withdrawal_wh, facts.metered.injection_wh
    bought, sold = (
        sum((getattr(each, side) for each in facts.trades), start=np.zeros_like(out))
        for side in ("bought_wh", "sold_wh")
    )
    np.testing.assert_array_equal(spent.bought_wh, bought)
    np.testing.assert_array_equal(spent.sold_wh, sold)
    rest, shared = spent.residual, spent.shared
    # in = out, per member and slot
    np.testing.assert_array_equal(
        back + bought + shared.in_wh + rest.supplier_in_wh,
        out + sold + shared.out_wh + rest.supplier_out_wh,
    )
    # trades and sharing stay within the community; the supplier covers its outer boundary
    np.testing.assert_array_equal(shared.in_wh.sum(axis=0), shared.out_wh.sum(axis=0))
    np.testing.assert_array_equal(
        (rest.supplier_in_wh - rest.supplier_out_wh).sum(axis=0), (out - back).sum(axis=0)
    )
    for part in (shared.in_wh, shared.out_wh, rest.supplier_in_wh, rest.supplier_out_wh):
        assert (part >= 0).all()
    network = spent.network
    np.testing.assert_array_equal(network.outside_wh + network.local_wh, out)
    assert (np.minimum(network.outside_wh, network.local_wh) >= 0).all()


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_deviation_and_prices_by_loop(data, settled_day):
    community, facts, _ = settled_day(data)
    members, slots = facts.metered.withdrawal_wh.shape
    spent, tariffs = energy(community, facts), community.tariffs
    for slot in range(slots):
        spot = int(facts.spot_micro_per_kwh[slot])
        buy = round(Fraction(spot * tariffs.import_spot_ppm, 10**6))
        buy += tariffs.import_markup_micro_per_kwh
        sell = round(Fraction(spot * tariffs.export_spot_ppm, 10**6))
        sell += tariffs.export_markup_micro_per_kwh
        saved = buy + tariffs.network_micro_per_kwh - tariffs.network_local_micro_per_kwh
        gain = Fraction(max(saved - sell, 0) * community.sharing.seller_ppm, 10**6)
        assert spent.shared_price[slot] == sell + round(gain)
        assert spent.prices.supplier_import[slot] == buy
        assert spent.prices.supplier_export[slot] == sell
        if saved >= sell:  # a neighbour's kWh is worth something, and neither side loses by it
            assert sell <= spent.shared_price[slot] <= saved
        for row in range(members):
            net = int(
                facts.metered.withdrawal_wh[row, slot] - facts.metered.injection_wh[row, slot]
            )
            said = int(facts.planned_net_wh[row, slot]) if facts.planned[slot] else net
            assert spent.deviation_wh[row, slot] == said - net


@pytest.mark.parametrize(("ppm", "price"), [(0, 80_000), (500_000, 190_000), (1_000_000, 300_000)])
def test_the_gain_of_sharing_is_divided(small_community, ppm, price):
    """Import 30 ct, 5 ct saved on the network, export 8 ct: 22 ct to divide."""
    community = small_community(
        1,
        tariffs=Tariffs(0, 250_000, 0, 80_000, 90_000, 40_000, 20_000),
        sharing=SharingRules("default-dynamic", ppm),
    )
    facts = _nothing(1, 1)
    assert energy(community, facts).shared_price.tolist() == [price]


def _nothing(members, slots):
    zero, none = np.zeros((members, slots), np.int64), np.zeros(slots, np.int64)
    metered = DayMetered(
        day="2026-06-15",
        slots=Slots(0, 900, slots),
        withdrawal_wh=zero,
        injection_wh=zero,
        estimated=zero.astype(bool),
        method="linear.v1",
    )
    return Facts(metered, none, none, (), zero, none.astype(bool))


def test_a_session_is_laid_where_its_window_is():
    day = Slots(0, 900, 5)
    window = Slots(1800, 900, 4)  # reaches one slot beyond the day
    bought, sold = np.arange(8).reshape(2, 4), np.arange(10, 18).reshape(2, 4)
    cleared = SessionCleared(
        session=Session("d.s", "intraday", "d", 0, window, window),
        price_micro_per_kwh=np.array([7, 8, 9, 10]),
        traded=np.array([True, False, True, True]),
        bought_wh=bought,
        sold_wh=sold,
        offered_wh=np.zeros(4, np.int64),
        asked_wh=np.zeros(4, np.int64),
        orders=0,
    )
    laid = laid_over(day, cleared)
    assert laid.session == "d.s"
    assert laid.bought_wh.tolist() == [[0, 0, 0, 1, 2], [0, 0, 4, 5, 6]]
    assert laid.sold_wh.tolist() == [[0, 0, 10, 11, 12], [0, 0, 14, 15, 16]]
    assert laid.price_micro_per_kwh.tolist() == [0, 0, 7, 0, 9]
