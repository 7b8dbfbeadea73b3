"""Pieces of the report: time axis, drawings, numbers in words, what is laid over time."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest

from gridpact.app.report import market
from gridpact.app.report.axis import Axis, axis_of, clock_ticks
from gridpact.app.report.drawing import draw, stack, steps
from gridpact.app.report.limits import usage
from gridpact.app.report.member import chosen
from gridpact.app.report.money import bills_figure, means
from gridpact.app.report.predicted import forecasts
from gridpact.app.report.series import known
from gridpact.app.report.text import Money, clock, kwh, number
from gridpact.app.report.view import view
from gridpact.base.slots import Calendar
from gridpact.market.messages import SessionCleared
from gridpact.scheduling.messages import ScheduleSolved, TelemetryReceived


def test_the_member_shown_has_solar_battery_and_car(run):
    seen = view(run.record())
    pick = chosen(seen)
    moved = {
        day: sum(
            int((m.charge_wh + m.discharge_wh)[:2].sum())
            for m in run.all(TelemetryReceived)
            if str(seen.axis.calendar.date_of(m.slot)) == day
        )
        for day in seen.axis.days
    }
    assert pick.member == 0
    assert pick.day == max(moved, key=lambda day: moved[day])
    assert pick.assets == (0, 1)


def test_missing_slots_are_gaps_and_never_zero(run):
    seen = view(run.record())
    assert np.flatnonzero(np.isnan(seen.balance.solar)).tolist() == [50, 51]
    assert np.flatnonzero(np.isnan(seen.told.state[0])).tolist() == [50, 51]
    assert np.flatnonzero(np.isnan(seen.flows.metered[0])).tolist() == [60]
    assert not np.isnan(seen.balance.withdrawal).any()
    assert not np.isnan(usage(seen).share).any()


def test_of_very_many_members_neighbours_are_drawn_by_their_mean():
    assert means(np.array([1.0, 2, 6, 8, 5]), 2).tolist() == [1.5, 7, 5]
    sizes = {}
    for count in (1000, 10_000):
        alone = np.linspace(100, 1, count)
        sizes[count] = len(
            svg := bills_figure([f"home-{row}" for row in range(count)], alone, alone / 2, "EUR")
        )
        assert ("means of 10 each" in svg) == (count == 10_000)
    assert sizes[10_000] < 1.2 * sizes[1000]


def test_a_gap_is_not_drawn():
    axis = Axis(Calendar("Europe/Berlin", 3600), ("2026-06-15",))
    values = np.ones(24)
    values[10:12] = np.nan

    def paint(panels):
        stack(panels[0], axis, [("filled", "#123456", values)])
        steps(panels[0], axis, values, color="#654321", label="line")
        panels[0].set_axis_off()

    svg = draw("gap", (1.0,), paint)
    line = re.search(r'<path d="([^"]*)"[^>]*style="fill: none; stroke: #654321', svg)
    assert line[1].count("M") == 2
    assert svg.count('style="fill: #123456"') == 2


def test_the_plan_in_force_is_the_latest_one(run):
    seen = view(run.record())
    first, second = run.all(ScheduleSolved)
    assert (seen.plan.net[:, :96] == first.plan.net_wh[:, :96]).all()
    assert (seen.plan.net[:, 96:] == second.plan.net_wh[:, :92]).all()


def test_forecasts_are_cut_to_their_session(run):
    seen = view(run.record())
    found = forecasts(seen.record, seen.axis)
    assert found.levels == (100, 900)
    assert (found.load.high == 2 * found.load.ahead).all()
    assert found.load.ahead.shape == (4, 188)


def test_the_short_day_has_92_slots_and_skips_no_label():
    axis = Axis(Calendar("Europe/Berlin", 900), ("2026-03-29",))
    at, labels = axis.ticks()
    assert axis.slots.count == 92
    assert labels == ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]
    assert at == [0, 2, 5, 8, 11, 14, 17, 20]


def test_the_long_day_labels_the_repeated_hour_once():
    axis = Axis(Calendar("Europe/Berlin", 900), ("2026-10-25",))
    at, labels = clock_ticks("Europe/Berlin", axis.slots, 1)
    assert axis.slots.count == 100
    assert labels.count("02:00") == 1
    assert at[labels.index("03:00")] == 4


@pytest.mark.parametrize(("days", "per", "bins"), [(4, "15 min", 380), (5, "hour", 119)])
def test_longer_runs_are_drawn_in_wider_bins(days, per, bins):
    names = tuple(f"2026-03-{27 + number}" for number in range(days))
    axis = Axis(Calendar("Europe/Berlin", 900), names)
    values = np.arange(axis.slots.count, dtype=np.float64)
    assert axis.per == per
    assert axis.binned(values).sum() == values.sum()
    assert axis.hours.size == bins + 1
    values[7] = np.nan
    assert np.isnan(axis.binned(values)).sum() == 1


def test_months_are_drawn_by_local_day():
    names = tuple(f"2026-{month:02}-{day:02}" for month in (3, 4) for day in range(1, 31))
    axis = Axis(Calendar("Europe/Berlin", 900), (*names[:30], "2026-03-31", *names[30:]))
    assert axis.per == "day"
    lengths = np.diff(axis.edges)
    assert sorted(set(lengths.tolist())) == [92, 96]
    assert lengths.size == 61


@pytest.mark.parametrize(
    ("wh", "shown"),
    [(0, "0.00"), (1234, "1.23"), (-4, "0.00"), (-56789, "−56.8"), (1234567, "1\u202f235")],
)
def test_energy_has_digits_that_suit_its_size(wh, shown):
    assert kwh(wh) == shown


def test_missing_numbers_are_dashes():
    assert number(float("nan")) == "–"
    assert kwh(float("nan")) == "–"
    assert known(np.array([np.nan, 2.0])) == 2


@pytest.mark.parametrize(
    ("unit", "amount", "shown"),
    [
        (10_000_000, -1234, "−12.34"),
        (10_000_000, -5, "−0.05"),
        (10_000_000, 123456789, "1\u202f234\u202f567.89"),
        (1_000_000_000, 7, "7"),
        (50_000_000, 3, "0.15"),
        (1, 1, "0.000000001"),
    ],
)
def test_money_is_written_exactly(unit, amount, shown):
    assert Money("EUR", unit).minor(amount) == shown


def test_the_repeated_hour_is_marked(run):
    first = 1792886400  # 2026-10-25 00:00 UTC, 02:00 in Berlin for the first time
    assert clock(run.community, first) == "25 Oct 02:00"
    assert clock(run.community, first + 3600) == "25 Oct 02:00b"


def test_axis_covers_metered_and_settled_days(run):
    assert axis_of(run.record()).days == ("2026-03-28", "2026-03-29")


def test_labels_keep_all_their_digits():
    axis = Axis(Calendar("Europe/Berlin", 3600), ("2026-06-15",))

    def paint(panels):
        steps(panels[0], axis, np.full(24, 0.125), color="#654321", label="line")
        panels[0].set_yticks([0.125, 0.375])

    svg = draw("digits", (1.0,), paint)
    assert ">0.125<" in svg
    assert ">0.375<" in svg
    assert not re.search(r"<[^>]*\.\d{3}[^>]*>", svg)


def test_a_search_that_was_cut_short_is_told(make_run):
    made = make_run()
    kinds = [isinstance(message, SessionCleared) for _, message in made.messages]
    place = kinds.index(True)
    kept = made.messages[place]
    assert "cut short" not in str(market.section(view(made.record())))
    short = msgspec.structs.replace(kept[1], proven=False)
    made.messages[place] = (kept[0], short)
    told = str(market.section(view(made.record())))
    assert f"block orders was cut short: {short.session.id}." in told
