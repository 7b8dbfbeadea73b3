"""Margins: shares that hold on samples that were not planned with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from gridpact.base.errors import BadInput
from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Zones
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.scenarios.margins import (
    CarSamples,
    held,
    quantile,
    with_limit_margins,
    with_need_margins,
    with_quantile_margins,
)

SLOTS, CARS = 24, 12


def crowd(power=3_000.0, zones=1):
    """Cars that would all like the cheap slots of the night, behind one limit."""
    rows = np.arange(CARS)
    return Fleet(
        slots=SLOTS,
        step_s=900,
        zones=Zones(np.array([-1] * zones), import_limit_w=12_000.0, export_limit_w=50_000.0),
        one_way=OneWay(rows % zones, rows % 3, SLOTS - rows % 4, 4_500.0, power),
    )


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_binding_limit_holds_as_often_as_asked(share):
    fleet, draw = crowd(), stream(1, "margins", int(100 * share))
    prices = Prices(np.where(np.arange(SLOTS) < 19, 100_000.0, 400_000.0))
    known, unknown = draw.normal(0, 150, (2, 4_000, 1, SLOTS))
    tight = with_limit_margins(fleet, known, share)
    plan = solve(tight, prices)
    limit = np.broadcast_to(tight.zones.import_limit_w * fleet.hours, plan.net_wh.shape)
    binding = plan.net_wh > limit - 1
    assert binding.sum() >= 10
    net = np.where(binding, plan.net_wh, np.nan)
    share_held = np.nanmean(np.where(binding, net + unknown <= 3_000 + 1e-3, np.nan))
    assert share_held == pytest.approx(share, abs=0.015)
    assert held(fleet, plan.net_wh, unknown).limits[0] >= share
    bare = solve(fleet, prices)
    assert held(fleet, bare.net_wh, unknown).limits[0] < held(fleet, plan.net_wh, unknown).limits[0]
    assert bare.upper_nano <= plan.upper_nano + 1  # nano-¤: rounding


def test_margins_are_the_quantiles_of_the_error():
    draw = stream(2, "margins")
    error = draw.normal(0, 200, (20_000, 1, SLOTS))
    tight = with_limit_margins(crowd(), error, 0.9)
    expected = 12_000 - norm.ppf(0.9) * 200 / 0.25
    assert np.mean(tight.zones.import_limit_w) == pytest.approx(expected, abs=5)
    assert np.mean(tight.zones.export_limit_w) == pytest.approx(expected + 38_000, abs=5)


def test_margins_from_quantiles_are_those_of_the_samples_behind_them():
    """Of two zones, one below the other: quantiles of what each takes with all below."""
    draw = stream(3, "margins")
    zones = Zones(np.array([-1, 0]), 12_000.0, 9_000.0, draw.uniform(100, 500, (2, SLOTS)))
    fleet = Fleet(slots=SLOTS, step_s=900, zones=zones)
    forecast = np.stack([zones.load_wh.sum(axis=0), zones.load_wh[1]])
    error = draw.normal(0, 150, (400, 2, SLOTS))
    high, low = quantile(forecast + error, 0.9), -quantile(-forecast - error, 0.9)
    one, other = with_quantile_margins(fleet, low, high), with_limit_margins(fleet, error, 0.9)
    np.testing.assert_allclose(one.zones.import_limit_w, other.zones.import_limit_w)
    np.testing.assert_allclose(one.zones.export_limit_w, other.zones.export_limit_w)
    with pytest.raises(BadInput, match="is above high_wh"):
        with_quantile_margins(fleet, high, low)


def test_needs_hold_out_of_sample():
    fleet, draw = crowd(power=6_000.0), stream(3, "margins")
    table = fleet.one_way

    def samples(count):
        shape = (count, CARS)
        return CarSamples(
            np.clip(table.arrive + draw.integers(-1, 3, shape), 0, 8),
            np.clip(table.leave - draw.integers(0, 4, shape), 12, SLOTS),
            np.maximum(draw.normal(4_000, 500, shape), 500),
        )

    known, unknown = samples(3_000), samples(3_000)
    planned = with_need_margins(table, known, 0.97)
    plan = solve(
        Fleet(slots=SLOTS, step_s=900, zones=fleet.zones, one_way=planned),
        Prices(np.linspace(200_000, 100_000, SLOTS)),
    )
    found = held(
        fleet, plan.net_wh, np.zeros((1, 1, SLOTS)), (plan.schedules().one_way_wh, unknown)
    )
    assert found.needs.shape == (CARS,)
    assert np.all(found.needs >= 1 - 3 * 0.03 - 0.01)
    assert found.needs.mean() < 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_a_quantile_is_the_smallest_sample_that_covers_its_share(values, share):
    values = np.array(values, np.float64)
    found = float(quantile(values, share))
    assert np.mean(values <= found) >= share - 1e-9
    smaller = values[values < found]
    assert not smaller.size or np.mean(values <= smaller.max()) < share + 1e-9


def test_margins_wider_than_the_limit_are_named():
    error = np.full((10, 2, SLOTS), 1.0)
    error[:, 1, 5] = 1e6
    with pytest.raises(BadInput, match=r"zones\[1\], slot 5"):
        with_limit_margins(crowd(zones=2), error, 0.9)
    with pytest.raises(BadInput, match="shape"):
        with_limit_margins(crowd(zones=2), error[:, :1], 0.9)
