"""Every kind of need that a run takes holds its plan: worked out again slot by slot."""

import msgspec
import numpy as np
import pytest

from gridpact.market.messages import PricesPublished
from gridpact.registry.model import Heat, Storage
from gridpact.scheduling.messages import PlanDue, StateNeed, TelemetryReceived

BATTERY, CAR = 0, 1


def slot(hour, minute=0, day=0):
    return (day * 24 + hour) * 4 + minute // 15


def between(begin, end):
    return slice(slot(begin), slot(end))


def net(plan, row):
    return plan.charge_wh[row] - plan.discharge_wh[row]


def test_energy_within_a_window_is_taken_in_it(planned):
    found = planned("car takes >= 6 kWh within 06:00-12:00 15 June")
    assert net(found.now, CAR)[between(6, 12)].sum() >= 6_000 - 1
    assert net(found.before, CAR)[between(6, 12)].sum() < 6_000
    assert found.now.conflicts == ()


def test_energy_of_several_is_given_by_them_together(planned):
    found = planned("kind battery gives >= 3 kWh within 00:00-03:00 15 June")
    given = -(net(found.now, BATTERY))[: slot(3)].sum()
    assert given >= 3_000 - 1
    assert -(net(found.before, BATTERY))[: slot(3)].sum() < 3_000


def test_no_more_is_taken_than_a_window_may_have(planned):
    found = planned("battery takes <= 1 kWh within 00:00-06:00 15 June")
    assert net(found.before, BATTERY)[: slot(6)].sum() > 1_000
    assert net(found.now, BATTERY)[: slot(6)].sum() <= 1_000


def test_cycles_limit_what_a_day_discharges(planned):
    found = planned("battery cycles <= 0.5 per day")
    days = (slice(0, 96), slice(96, 144))
    assert max(found.before.discharge_wh[BATTERY, one].sum() for one in days) > 4_000
    assert max(found.now.discharge_wh[BATTERY, one].sum() for one in days) <= 4_000
    assert found.now.discharge_wh[BATTERY, :96].sum() > 3_900  # what is allowed is used


def test_a_budget_is_kept_to_the_nano(planned):
    found = planned("car cost <= 1.00 00:00-12:00 15 June", "car >= 85% at 12:00 on 15 June")
    cost = found.day.price * found.now.charge_wh[CAR]
    assert cost[: slot(12)].sum() <= 10**9
    assert found.now.state_wh[CAR, slot(11, 45)] >= 34_001 - 2


def test_a_state_that_a_budget_does_not_pay_for_comes_first_and_is_named(planned):
    found = planned("car cost <= 0.10 00:00-12:00 15 June", "car >= 95% at 12:00 on 15 June")
    cost = int((found.day.price * found.now.charge_wh[CAR])[: slot(12)].sum())
    energy = found.now.charge_wh[CAR, : slot(12)].sum()
    assert found.now.state_wh[CAR, slot(11, 45)] >= 38_001 - 2
    assert cost <= found.day.price[: slot(12)].min() * (energy + 4)  # no more than it must be
    (missed,) = found.now.conflicts
    assert (missed.kind, missed.needs) == ("sum", ("need-1",))
    dearest = int(found.day.price[: slot(12)].max())
    assert missed.missing_wh == -(-(cost - 10**8) // dearest)


def test_a_battery_is_fuller_than_asked_where_the_grid_lets_no_more_out(planned, day, say):
    """Its street may give nothing for two hours, so all that it may give is what homes take."""
    still = "car takes <= 0 kW 00:00-02:00 15 June"
    found = planned("battery <= 0 kWh at 02:00 on 15 June", still)
    assert found.now.state_wh[BATTERY, slot(1, 45)] <= 2
    assert found.now.net_wh.sum(axis=0)[: slot(2)].min() < 0
    day.state_need(say("zone street gives <= 0 kW 00:00-02:00 15 June, grid", "dso"))
    plan = day.plan()
    assert plan.net_wh.sum(axis=0)[: slot(2)].min() >= 0
    (missed,) = plan.conflicts
    assert (missed.kind, missed.needs) == ("need", ("need-1",))
    assert missed.missing_wh == plan.state_wh[BATTERY, slot(1, 45)]


def test_headroom_is_kept_in_power_and_in_store(planned):
    found = planned("battery keeps up 1 kW and down 1 kW for 30 min 06:00-18:00")
    for first in (0, 96):
        span = slice(first + slot(6), min(first + slot(18), 144))
        assert (found.now.discharge_wh[BATTERY, span] <= 250).all()
        assert (found.now.charge_wh[BATTERY, span] <= 750).all()
        assert (found.now.state_wh[BATTERY, span] >= 500 - 2).all()
        assert (found.now.state_wh[BATTERY, span] <= 7_500 + 2).all()
    assert found.before.discharge_wh[BATTERY, between(6, 18)].max() > 250


def test_a_person_says_what_a_battery_does(planned):
    found = planned("battery supply at 1 kW from 01:00 until 02:00")
    assert set(found.now.discharge_wh[BATTERY, between(1, 2)]) == {250}
    found = planned("battery charge at 2 kW from 07:00 until 07:30")
    assert set(found.now.charge_wh[BATTERY, slot(7) : slot(7, 30)]) == {500}


def test_a_least_power_is_given(planned):
    found = planned("battery gives >= 1 kW 03:00-04:00 15 June")
    assert (-net(found.now, BATTERY)[between(3, 4)] >= 250).all()
    assert (-net(found.before, BATTERY)[between(3, 4)] < 250).any()


def test_zones_have_one_cap_together(day, planned):
    found = planned("zone street,lane <= 5 kW 00:00-06:00 15 June, grid", owner="dso")
    whole = found.before.net_wh.sum(axis=0)[: slot(6)]
    assert whole.max() > 1_250
    assert found.now.net_wh.sum(axis=0)[: slot(6)].max() <= 1_250
    assert found.now.conflicts == ()


def test_a_zone_takes_no_more_than_so_much_in_a_window(planned):
    found = planned("zone lane takes <= 5 kWh within 00:00-06:00 15 June, grid", owner="dso")
    assert found.now.net_wh[1:, : slot(6)].sum() <= 5_000
    assert found.before.net_wh[1:, : slot(6)].sum() > 5_000


@pytest.mark.parametrize(("most", "runs"), [("0.37", True), ("0.01", False)])
def test_an_appliance_runs_only_where_it_costs_no_more(planned, most, runs):
    found = planned(f"washer 1 h within 08:00-20:00 15 June, cost <= {most}")
    start = found.now.run_start[0]
    assert bool(start >= 0) is runs
    if runs:
        assert 32 <= start <= 76
        assert int(found.day.price[start : start + 4].sum()) * 250 <= 370_000_000
    else:
        (missed,) = found.now.conflicts
        assert (missed.kind, missed.needs) == ("run", ("need-1",))


def test_what_an_appliance_keeps_anyway_is_taken(planned):
    found = planned("washer runs >= 30 min and rests >= 2 h", "washer starts <= 1 08:00-20:00")
    assert np.array_equal(found.now.run_start, found.before.run_start)


def test_what_has_counted_counts(day, say):
    """Half of a day's discharge is over when the rest is planned, and a third of the energy."""
    cycles = day.state_need(say("battery cycles <= 0.5 per day"))
    energy = day.state_need(say("car takes >= 6 kWh within 00:00-12:00 15 June"))
    spent = day.state_need(say("car cost <= 2.00 00:00-12:00 15 June"))
    nothing = np.zeros(3, np.int64)
    for place in range(4):
        day.tell(
            PricesPublished(day="2026-06-15", slots=day.horizon, spot_micro_per_kwh=day.spot), 0
        )
        begin = day.clock.at(0) + place * 900
        day.tell(
            TelemetryReceived(
                slot=begin,
                step=900,
                charge_wh=np.array([0, 500, 0]),
                discharge_wh=np.array([500, 0, 0]),
                state_wh=np.array([4_000, 20_000, 450]),
                pv_wh=np.zeros(1, np.int64),
                run_wh=np.zeros(2, np.int64),
                refused=nothing.astype(bool),
            ),
            begin + 900,
        )
    paid = int((day.price[:4] * 500).sum())
    found = {(one.need, one.asset): one.amount for one in day.state.tallies}
    assert found == {(cycles, "battery-0"): 2_000, (energy, ""): 2_000, (spent, ""): paid}


def test_the_rest_is_planned_with_what_has_counted(community, day_of, clock, stated_on, say):
    from gridpact.base.slots import Slots
    from gridpact.scheduling.state import Tally

    later = Slots(clock.at(3), 900, 84)
    day = day_of(community, later, stated_on(later, ((-1, -1), (-1, -1))))
    cycles = day.state_need(say("battery cycles <= 0.5 per day"))
    energy = day.state_need(say("car takes >= 6 kWh within 00:00-12:00 15 June"))
    tallies = (
        Tally(cycles, "battery-0", clock.at(0), clock.at(0, day=16), 3_000),
        Tally(energy, "", clock.at(0), clock.at(12), 2_000),
    )
    day.state = msgspec.structs.replace(day.state, tallies=tallies)
    plan = day.plan()
    assert plan.discharge_wh[BATTERY].sum() <= 1_000
    assert net(plan, CAR)[: slot(9)].sum() >= 4_000 - 1
    assert net(plan, CAR)[: slot(9)].sum() < 4_500


@pytest.fixture(scope="module")
def warm(small_community):
    made = small_community(
        2,
        storage=[
            ("heat_pump", 0, 3000, 0, 9_000, 1, 1, 0.99),
            ("tank", 1, 2000, 0, 6_000, 1, 1, 1),
        ],
    )
    names = ("building", "tank")
    heat = Heat(np.array([18_000, 10_000]), np.array([24_000, 70_000]), np.array([0, 90]))
    own = msgspec.structs.replace(made.storage, ids=names, heat=heat)
    assert isinstance(own, Storage)
    return msgspec.structs.replace(made, storage=own)


@pytest.fixture
def warm_day(warm, day_of, horizon):
    from gridpact.scheduling.messages import NeedsStated

    shape, nowhere = (2, horizon.count), np.zeros(0, np.int64)

    def wide(*values):
        return np.broadcast_to(np.array(values)[:, None], shape).copy()

    stated = NeedsStated(
        session="s",
        window=horizon,
        charge_max_wh=wide(750, 500),
        discharge_max_wh=wide(0, 0),
        lo_wh=wide(0, 0),
        hi_wh=wide(9_000, 6_000),
        draw_wh=wide(100, 20),
        run_earliest=nowhere,
        run_latest=nowhere,
    )
    return day_of(warm, horizon, stated)


@pytest.fixture
def warm_say(warm, clock):
    from gridpact.scheduling.needs.context import Context
    from gridpact.scheduling.needs.grammar.parse import parse
    from gridpact.scheduling.standing.places import Places

    directory = Places(warm).directory
    return lambda words, owner: parse(words, Context(owner, clock.at(0), clock.zone, directory))


def test_a_comfort_band_is_kept_where_temperatures_are_known(warm_day, warm_say):
    """Of 9 kWh between 18 and 24 °C, 20 to 22 °C are 3 to 6 kWh; from the end of 05:45 on."""
    before = warm_day.plan()
    warm_day.state_need(warm_say("heat 20..22 C 06:00-22:00", "m000"))
    plan = warm_day.plan()
    for first in (0, 96):
        states = plan.state_wh[0, first + slot(6) - 1 : min(first + slot(22), 144)]
        assert states.min() >= 3_000 - 2
        assert states.max() <= 6_000 + 2
    assert before.state_wh[0, between(6, 22)].min() < 3_000 - 2
    assert plan.conflicts == ()


@pytest.mark.parametrize(("worth", "kept"), [("0.0001", False), ("9", True)])
def test_a_comfort_band_is_kept_where_heat_costs_less_than_it_is_worth(
    warm_day, warm_say, worth, kept
):
    """A kelvin is 1.5 kWh: what lacks for a quarter of an hour is worth a sixth by the kWh."""
    warm_day.state_need(warm_say(f"heat 20..22 C 06:00-22:00, worth {worth}", "m000"))
    plan = warm_day.plan()
    assert (plan.state_wh[0, between(6, 22)].min() >= 3_000 - 2) is np.bool_(kept)
    due = PlanDue(session="s", window=warm_day.horizon, horizon=warm_day.horizon)
    soft = warm_day.scheduling.posed(warm_day.state, due).problem.soft
    assert {one.side for one in soft} == {"lo", "hi"}
    assert {one.worth_micro for one in soft} == {round(float(worth) * 1e6 / 6)}
    assert {one.needs for one in plan.conflicts} == (set() if kept else {("need-1",)})


def test_hot_water_is_warm_when_it_is_drawn_and_then_gone(warm_day, warm_say):
    """90 litres from 10 to 70 °C are 6 kWh: a litre and kelvin is 10/9 Wh, 54 l at 60 °C 3 kWh."""
    before = warm_day.plan()
    warm_day.state_need(warm_say("tank 54 l at 60 C by 12:00 on 15 June", "m001"))
    plan = warm_day.plan()
    at = slot(12)
    assert plan.state_wh[1, at - 1] >= 5_000 - 2  # 60 °C
    fell = plan.state_wh[1, at - 1] - plan.state_wh[1, at] + plan.charge_wh[1, at]
    assert fell == pytest.approx(3_000 + 20, abs=2)
    assert before.state_wh[1, at - 1] < 5_000 - 2


def test_without_temperatures_a_band_is_refused_by_name(planned, day, say):
    (answer,) = day.tell(StateNeed(by="m000", need=say("battery 20..22 C 06:00-22:00")))
    (fault,) = answer.faults
    assert "no model of battery-0's temperature" in fault.problem
    assert "empty_c and full_c" in fault.fix


def test_what_cannot_be_held_to_as_things_are_is_named_by_the_plan(day, say):
    """A battery that is not there for an hour cannot keep power back in it."""
    name = day.state_need(say("battery keeps up 1 kW for 15 min 06:00-18:00"))
    away = day.stated.charge_max_wh.copy()
    away[BATTERY, between(8, 9)] = 0
    day.stated = msgspec.structs.replace(
        day.stated,
        charge_max_wh=away,
        discharge_max_wh=np.minimum(day.stated.discharge_max_wh, away),
    )
    (told,) = day.plan().conflicts
    assert (told.kind, told.needs, told.missing_wh) == ("unbound", (name,), 0)
