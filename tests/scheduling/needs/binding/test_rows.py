"""Rows and columns that needs become, worked out by hand."""

from datetime import date

import numpy as np
import pytest

from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.priorities.levels import Level, Shortfall


@pytest.fixture
def bound(case):
    """A site's fleet with what home-1 says bound to it, nothing refused."""

    def make(*sentences, owner="home-1"):
        site = case.site(1, date(2026, 5, 4))
        needs = [case.said(site, owner, text, name=f"n{k}") for k, text in enumerate(sentences)]
        found = bind(site, needs)
        assert found.refused == ()
        return found

    return make


def test_slots_that_quiet_hours_touch_are_closed_whole(bound):
    found = bound("b1 quiet 06:10-07:10", "c1 off from 2026-05-04T05:50Z until 2026-05-04T06:10Z")
    for column in ("charge_w", "discharge_w"):
        power = getattr(found.fleet.storage, column)[0]
        assert np.flatnonzero(power == 0).tolist() == [12, 13, 14]
    assert np.flatnonzero(found.fleet.one_way.power_w[0] == 0).tolist() == [15, 16]
    assert [(one.need, one.first, one.end, one.firm) for one in found.origins] == [
        ("n0", 12, 15, True),
        ("n0", 12, 15, True),
        ("n1", 15, 17, True),
    ]


def test_stop_leaves_what_is_given(bound):
    found = bound("b1 stop from 2026-05-04T04:00Z until 2026-05-04T05:00Z")
    assert np.flatnonzero(found.fleet.storage.charge_w[0] == 0).tolist() == [12, 13]
    assert (np.asarray(found.fleet.storage.discharge_w)[0] == 5_000).all()


@pytest.mark.parametrize(
    ("sentences", "row"),
    [
        (["w1 1 h 3 times 06:00-14:00", "w1 rests >= 40 min"], (12, 28, 2, 3, 2, 1, 1, 0)),
        (["w1 1 h 3 times 06:00-14:00"], (12, 28, 2, 3, 0, 1, 1, 0)),
        (
            ["w1 3 h 06:00-14:00 interruptible", "w1 runs >= 1 h and rests >= 90 min",
             "w1 starts <= 2 06:00-14:00"],
            (12, 28, 6, 1, 0, 2, 3, 2),
        ),
        (["w1 1 h 3 times 06:00-14:00 interruptible"], (12, 28, 6, 1, 0, 1, 1, 0)),
        (["w1 1 h 06:00-14:00", "w1 quiet 06:00-08:30"], (17, 28, 2, 1, 0, 1, 1, 0)),
        (["w1 1 h 06:00-14:00", "w1 stop from 2026-05-04T05:00Z until 2026-05-05T05:00Z"],
         (12, 14, 2, 1, 0, 1, 1, 0)),
    ],
)  # fmt: skip
def test_runs_have_these_columns(sentences, row, bound):
    runs = bound(*sentences).fleet.runs
    names = ("first", "end", "length", "times", "pause", "min_on", "min_off", "most_starts")
    assert tuple(int(getattr(runs, name)[0]) for name in names) == row
    assert (runs.power_w[0] == 2_000).all()
    assert np.isinf(runs.value).all()


@pytest.mark.parametrize(
    ("sentence", "value", "level"),
    [
        ("w1 2 h 06:00-14:00, worth 0.25", 1_000_000, Level.NEEDS),  # 4 kWh
        ("w1 1 h 2 times 06:00-14:00, worth 0.25, wish", 500_000, Level.WISHES),
        ("w1 1 h 2 times 06:00-14:00 interruptible, worth 0.25", 1_000_000, Level.NEEDS),
        ("w1 1 h 06:00-14:00, wish", np.inf, Level.WISHES),
    ],
)
def test_what_a_run_is_worth_and_at_which_level(sentence, value, level, bound):
    found = bound(sentence)
    assert found.fleet.runs.value.tolist() == [value]
    assert found.needs.run_level.tolist() == [level]


def test_what_a_wish_asks_beyond_a_need_is_a_wish(bound):
    found = bound("c1 >= 50% by 06:00", "c1 >= 80% by 06:00, wish", "c1 >= 40% by 09:00")
    assert found.fleet.one_way.energy_wh[0] == pytest.approx((32_000 - 12_000) / 0.9)
    assert found.needs.wish_wh.tolist() == pytest.approx([12_000 / 0.9, 0.0])
    assert found.fleet.one_way.leave.tolist() == [12, 48]


def test_what_is_missing_is_missed_by_the_needs_of_its_level(bound):
    found = bound("c1 >= 50% by 06:00", "c1 >= 80% by 06:00, wish", "b1 >= 50% at 00:00 on 5 May")
    need, wish = (Shortfall(level, "one_way", 0, 11, 9.0) for level in (Level.NEEDS, Level.WISHES))
    assert found.behind(need) == ("n0",)
    assert found.behind(wish) == ("n1",)
    assert found.behind(Shortfall(Level.NEEDS, "storage", 0, 47, 9.0)) == ("n2",)
    assert found.behind(Shortfall(Level.NEEDS, "storage", 1, 47, 9.0)) == ()


def test_a_car_that_is_full_enough_is_due_nothing(bound):
    assert bound("c1 >= 20% by 06:00").fleet.one_way.energy_wh[0] == 0


@pytest.mark.parametrize(
    ("sentence", "column", "limit"),
    [
        ("zone A <= 4 kW 06:00-07:00, grid", "import_limit_w", 4_000),
        ("feeder A gives <= 3 kW 06:00-07:00, grid", "export_limit_w", 3_000),
        ("community <= 7 kW 06:00-07:00, grid", "import_limit_w", 7_000),
    ],
)
def test_caps_of_one_zone_are_its_limits(sentence, column, limit, bound):
    found = bound(sentence, owner="dso")
    zone = 0 if sentence.startswith("community") else 1
    limits = np.asarray(getattr(found.fleet.zones, column))
    assert np.flatnonzero(np.isfinite(limits[zone])).tolist() == [12, 13]
    assert (limits[zone, 12:14] == limit).all()
    assert np.isinf(np.delete(limits, zone, axis=0)).all()


@pytest.mark.parametrize(
    ("sentence", "lower", "upper"),
    [
        ("zone A,B <= 4 kW 06:00-07:00, grid", -np.inf, 2_000),
        ("zone A,B gives <= 4 kW 06:00-07:00, grid", -2_000, np.inf),
        ("zone A >= 4 kW 06:00-07:00, contract", 2_000, np.inf),
        ("zone A gives >= 4 kW 06:00-07:00, contract", -np.inf, -2_000),
    ],
)
def test_powers_of_several_are_rows_by_slot(sentence, lower, upper, bound):
    rows = bound(sentence, owner="dso").fleet.portfolio
    assert rows.first.tolist() == [12, 13]
    assert rows.end.tolist() == [13, 14]
    assert rows.lower_wh.tolist() == [lower] * 2
    assert rows.upper_wh.tolist() == [upper] * 2


def test_a_target_is_a_contract_below_and_firm_above(bound):
    found = bound(
        "v2 charge at 3 kW from 2026-05-04T04:00Z until 2026-05-04T04:30Z", owner="home-2"
    )
    assert found.fleet.storage.charge_w[1, 12] == 3_000
    assert found.fleet.storage.discharge_w[1, 12] == 0
    assert found.fleet.portfolio.lower_wh.tolist() == [1_500]
    assert found.needs.row_level.tolist() == [Level.CONTRACTS]
    full = bound("v2 supply from 2026-05-04T04:00Z until 2026-05-04T04:30Z", owner="home-2")
    assert full.fleet.portfolio.upper_wh.tolist() == [-3_500]
    assert full.fleet.storage.charge_w[1, 12] == 0
