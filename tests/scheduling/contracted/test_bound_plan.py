"""Plans that agreements bind: their cost against a programme of its own, and what gives way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.optimize import linprog

from gridpact.base.slots import Slots
from gridpact.contracts.observables import Profile
from gridpact.contracts.terms import deliver
from gridpact.forecasting.messages import ForecastIssued
from gridpact.scheduling.community.site import site_of
from gridpact.scheduling.community.solve import plan_of, scheduled, solve
from gridpact.scheduling.contracted.model import BySlot
from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.obligations.offers import Range, offers_of
from gridpact.scheduling.posing import Posing
from gridpact.scheduling.standing.missed import named
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.state import State

SLOTS = 8
SPOT = [50_000, 60_000, 90_000, 30_000, 20_000, 80_000, 120_000, 40_000]


@pytest.fixture(scope="session")
def home(small_community):
    """One home with a battery of 8 kWh, behind a meter that buys and sells at one price."""
    made = small_community(1, storage=[("battery", 0, 4_000, 2_000, 8_000, 1, 1, 1)])
    flat = replace(
        made.tariffs,
        import_markup_micro_per_kwh=0,
        export_markup_micro_per_kwh=0,
        network_micro_per_kwh=0,
        levy_micro_per_kwh=0,
    )
    return replace(made, tariffs=flat)


def posed(home, horizon, contracts=None, load=200, position=0, initial=3_000):
    """The session's problem of a home with so much stored, and what binds it."""
    state = State({}, {}, {}, {}, (), np.array([initial]), horizon.start, contracts=contracts)
    shape = (1, horizon.count)
    spread = np.ones(shape, np.int64)
    stated = NeedsStated(
        session="s",
        window=horizon,
        charge_max_wh=1_000 * spread,
        discharge_max_wh=500 * spread,
        lo_wh=0 * spread,
        hi_wh=8_000 * spread,
        draw_wh=0 * spread,
        run_earliest=np.zeros(0, np.int64),
        run_latest=np.zeros(0, np.int64),
    )
    none = np.zeros((0, 0, 0), np.int64)
    forecast = ForecastIssued(
        session="s",
        window=horizon,
        load_wh=load * spread,
        pv_wh=np.zeros((0, horizon.count), np.int64),
        levels=(),
        load_quantiles_wh=none,
        pv_quantiles_wh=none,
    )
    state = replace(
        state,
        needs={"s": stated},
        forecasts={"s": forecast},
        spot={"day": (horizon, np.array(SPOT))},
        positions={"day": (horizon, position * spread)},
    )
    return Posing(home, Places(home)).posed(state, "s", horizon, horizon)


def planned(found):
    plan = solve(found.problem)
    return named(plan, found.problem, found.needs, found.bindings, found.unbound)


def least_cost(load, initial, most, least):
    """By HiGHS from the numbers alone: charge, discharge; net within bounds; what is stored."""
    eye, full = np.eye(SLOTS), np.tri(SLOTS)
    net, state = np.hstack([eye, -eye]), np.hstack([full, -full])
    rows, right = [], []
    for bound, sign in ((most, 1), (least, -1)):
        for slot in np.flatnonzero(np.isfinite(bound)):
            rows.append(sign * net[slot])
            right.append(sign * (bound[slot] - load))
    rows += [*state, *-state]
    right += [8_000 - initial] * SLOTS + [initial] * SLOTS
    price = np.array(SPOT, float)
    bounds = [(0, 1_000)] * SLOTS + [(0, 500)] * SLOTS
    cost = np.append(price, -price)
    found = linprog(cost, rows, right, bounds=bounds, method="highs")
    return found.fun + load * price.sum() if found.status == 0 else None


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(-800, 500), min_size=SLOTS, max_size=SLOTS),
    st.lists(st.integers(0, 400), min_size=SLOTS, max_size=SLOTS),
    st.sampled_from([0, 350, -300]),
)
def test_it_costs_what_a_programme_of_the_same_bounds_costs(home, tools, sold, called, position):
    """Energy sold or bought, and calls counted from rest, on a home that traded some already."""
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    contracts = tools.bound(
        tools.offer("sale", tools.sells("m000", "supplier", sold), ("m000", "supplier"), day),
        tools.offer("dr", tools.goes_down("m000"), ("m000", "aggregator"), day),
        chosen={("dr", "call"): (day, called)},
    )
    load, initial = 200, 3_000
    found = posed(home, day, contracts, load, position, initial)
    plan = planned(found)
    sold, called = np.array(sold), np.array(called)
    base = np.where(sold > 0, np.minimum(load, -sold), np.maximum(load, -sold))
    base = np.where(sold == 0, load, base)
    most = np.where(sold > 0, -sold, np.inf)
    most = np.minimum(most, np.where(called > 0, base - called, np.inf))
    best = least_cost(load, initial, most, np.where(sold < 0, -sold, -np.inf))
    if best is None:
        assert plan.conflicts
        assert {name for one in plan.conflicts for name in one.needs} <= {
            "agreement/sale",
            "agreement/dr",
        }
        return
    assert plan.conflicts == ()
    assert (plan.net_wh[0] <= most).all()
    assert (plan.net_wh[0] >= np.where(sold < 0, -sold, -np.inf)).all()
    traded = float(position * np.sum(SPOT))
    assert int(plan.cost_nano.sum()) + traded == pytest.approx(best, rel=1e-6, abs=2e6)


def test_without_an_agreement_nothing_changes(home, tools):
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    offered = tools.offer("dr", tools.goes_down("m000"), ("m000", "aggregator"), day)
    bare, silent = posed(home, day), posed(home, day, tools.bound(offered))
    assert silent.contracts == ()
    for name in bare.problem.__struct_fields__:
        one, other = getattr(bare.problem, name), getattr(silent.problem, name)
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else str(one) == str(other)


def test_what_cannot_be_given_is_missed_by_as_little_as_possible_and_named(home, tools):
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    terms = tools.sells("m000", "supplier", [0, 0, 700, 0, 0, 0, 0, 0])
    offered = tools.offer("too-much", terms, ("m000", "supplier"), day)
    plan = planned(posed(home, day, tools.bound(offered)))
    (missed,) = plan.conflicts
    assert (missed.kind, missed.needs, missed.first_slot) == ("sum", ("agreement/too-much",), 2)
    assert missed.missing_wh == 700 - (500 - 200)
    assert plan.net_wh[0, 2] == -300


def test_reserve_is_there_in_every_slot_of_the_plan(home, tools):
    """Whenever it is called, for a slot, there is the power and the energy."""
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    held = tools.offer("afrr", tools.holds("m000", 800, 600), ("m000", "tso"), day)
    plan = planned(posed(home, day, tools.bound(held)))
    assert plan.conflicts == ()
    before = np.append(3_000, plan.state_wh[0, :-1])
    net = plan.charge_wh[0] - plan.discharge_wh[0]
    assert (500 + net >= 200).all()
    assert (1_000 - net >= 150).all()
    for stored in (before, plan.state_wh[0]):
        assert (stored >= 200).all()
        assert (8_000 - stored >= 150).all()
    free = planned(posed(home, day))
    assert int(plan.cost_nano.sum()) > int(free.cost_nano.sum())


def test_the_battery_gives_less_than_the_reserve_asks_for(home, tools):
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    held = tools.offer("afrr", tools.holds("m000", 2_500, 0), ("m000", "tso"), day)
    plan = planned(posed(home, day, tools.bound(held)))
    assert [(one.kind, one.needs) for one in plan.conflicts] == [("unbound", ("agreement/afrr",))]


def test_an_accepted_offer_comes_back_and_costs_no_more_than_it_earns(home, tools):
    """Steps offered around a plan, accepted by a signature, bound in the plan that follows."""
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    found = posed(home, day)
    made = scheduled(found.problem)
    plan = plan_of(made)
    window, step_w = (4, 1), 400
    meter = np.array([len(found.problem.zones.parent)])
    asked = Range(
        zones=meter,
        first_slot=window[0],
        duration_slots=window[1],
        direction=1,
        step_w=step_w,
        steps=3,
    )
    fleet, prices = made.community.fleet, made.community.prices
    offers = offers_of(fleet, prices, made.solution, asked, Options(gap=1e-7, method="reference"))
    taken = len(offers.activation_micro_per_kwh)
    assert taken == 3
    energy = taken * step_w // 4
    earned = int(offers.activation_micro_per_kwh.sum()) * step_w // 4 * window[1]
    amounts = Profile(day.start, tools.STEP, (0,) * window[0] + (energy,) * window[1], "Wh")
    accepted = deliver(amounts, "m000", "dso", "flexibility:up")
    offered = tools.offer("accepted", accepted, ("m000", "dso"), day)
    noted = {"m000": BySlot(day.starts(), plan.net_wh[0])}
    again = planned(posed(home, day, replace(tools.bound(offered), baseline=noted)))
    assert again.conflicts == ()
    inside = slice(window[0], sum(window))
    assert (again.net_wh[0, inside] <= plan.net_wh[0, inside] - energy).all()
    more = int(again.cost_nano.sum()) - int(plan.cost_nano.sum())
    assert 0 < more <= earned + 2e6  # a Wh or two of rounding


@pytest.mark.parametrize(("sold", "holds"), [(250, True), (350, False)])
def test_what_was_traded_before_is_no_reason_in_an_explanation(home, tools, sold, holds):
    """The battery can give 300 Wh beyond the load; that some is sold already changes nothing."""
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    terms = tools.sells("m000", "supplier", [0, 0, sold, 0, 0, 0, 0, 0])
    contracts = tools.bound(tools.offer("sale", terms, ("m000", "supplier"), day))
    bare, whole = (posed(home, day, each, position=-250) for each in (None, contracts))
    asked = site_of(Places(home), bare.problem, bare.needs, whole.contracts)
    found = explain(asked.site, asked.needs)
    names = {need.id for one in found.conflicts for own in one.members for need in own.needs}
    assert names == (set() if holds else {"agreement/sale/2026-06-15T00:30"})
    assert bool(planned(whole).conflicts) is not holds
