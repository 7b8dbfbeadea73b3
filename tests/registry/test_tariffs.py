"""Prices outside the community, in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.errors import NumberOverflow
from gridpact.registry.model import Tariffs
from gridpact.registry.tariffs import outside_prices

PRICE = st.integers(-4_000_000, 20_000_000)
PPM = st.integers(0, 2_000_000) | st.sampled_from([0, 500_000, 1_000_000])


@given(
    tariffs=st.builds(Tariffs, PPM, PRICE, PPM, PRICE, PRICE, PRICE, PRICE),
    spot=arrays(np.int64, st.integers(0, 8), elements=PRICE | st.integers(-5, 5)),
)
@settings(deadline=None, max_examples=200)
def test_against_fractions(tariffs, spot):
    found = outside_prices(tariffs, spot)
    for slot, price in enumerate(spot.tolist()):
        buy = round(Fraction(price * tariffs.import_spot_ppm, 10**6))
        buy += tariffs.import_markup_micro_per_kwh
        sell = round(Fraction(price * tariffs.export_spot_ppm, 10**6))
        sell += tariffs.export_markup_micro_per_kwh
        all_in = buy + tariffs.network_micro_per_kwh + tariffs.levy_micro_per_kwh
        local = tariffs.network_local_micro_per_kwh + tariffs.levy_micro_per_kwh
        assert found.supplier_import[slot] == buy
        assert found.supplier_export[slot] == sell
        assert found.all_in_import[slot] == all_in
        # paying a neighbour exactly what is avoided costs as much as the supplier, fees included
        assert found.avoided[slot] + local == all_in


def test_by_hand():
    tariffs = Tariffs(1_100_000, 20_000, 0, 80_000, 90_000, 40_000, 20_000)
    found = outside_prices(tariffs, np.array([100_000, -50_000, 5]))
    assert found.supplier_import.tolist() == [130_000, -35_000, 20_006], "5.5 goes to the even 6"
    assert found.supplier_export.tolist() == [80_000] * 3
    assert found.all_in_import.tolist() == [240_000, 75_000, 130_006]
    assert found.avoided.tolist() == [180_000, 15_000, 70_006]


def test_a_price_beyond_64_bits_is_loud():
    tariffs = Tariffs(2_000_000, 0, 0, 0, 0, 0, 0)
    with pytest.raises(NumberOverflow):
        outside_prices(tariffs, np.array([2**62 + 1]))
