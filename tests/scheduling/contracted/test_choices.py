"""Choices that plans make: against programmes of their own, tried way by way; and told in time."""

from datetime import date
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace
from scipy.optimize import linprog

from gridpact.base.slots import Calendar, Slots
from gridpact.contracts.formulas import decision, nominated
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.products.option import put_option
from gridpact.contracts.products.swing import swing_put, swing_with_minimum_take
from gridpact.contracts.terms import deliver, pay, within
from gridpact.forecasting.messages import ForecastIssued
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.contracted import deciding
from gridpact.scheduling.contracted.choosing import frozen
from gridpact.scheduling.contracted.deciding import Chooser, planned
from gridpact.scheduling.contracted.duties import duties
from gridpact.scheduling.contracted.model import BySlot, Contracts
from gridpact.scheduling.contracted.own_terms import unplannable
from gridpact.scheduling.contracted.spans import rights_left, whole_span
from gridpact.scheduling.messages import NeedsStated, PlannedChoice
from gridpact.scheduling.posing import Posing
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.state import InForce, State

SLOTS, LOAD, INITIAL, CHARGE, DISCHARGE, FULL = 6, 200, 1_500, 1_000, 500, 8_000
WRITER = "supplier"
PRICES = st.lists(st.integers(10, 140).map(lambda ct: ct * 1_000), min_size=SLOTS, max_size=SLOTS)
WH = st.lists(st.sampled_from([0, 100, 300, 450]), min_size=SLOTS, max_size=SLOTS)


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


def state_of(horizon, spot, contracts, plans=(), homes=1):
    """What a session of homes with a battery each was gathered from."""
    spread = np.ones((homes, horizon.count), np.int64)
    stated = NeedsStated(
        session="s",
        window=horizon,
        charge_max_wh=CHARGE * spread,
        discharge_max_wh=DISCHARGE * spread,
        lo_wh=0 * spread,
        hi_wh=FULL * spread,
        draw_wh=0 * spread,
        run_earliest=np.zeros(0, np.int64),
        run_latest=np.zeros(0, np.int64),
    )
    none = np.zeros((0, 0, 0), np.int64)
    forecast = ForecastIssued(
        session="s",
        window=horizon,
        load_wh=LOAD * spread,
        pv_wh=np.zeros((0, horizon.count), np.int64),
        levels=(),
        load_quantiles_wh=none,
        pv_quantiles_wh=none,
    )
    return State(
        needs={"s": stated},
        forecasts={"s": forecast},
        spot={"day": (horizon, np.array(spot))},
        positions={"day": (horizon, 0 * spread)},
        plans=plans,
        state_wh=np.full(homes, INITIAL),
        state_at=horizon.start,
        contracts=contracts,
    )


def chosen(home, horizon, state, window=None, at=None):
    """The choices of a plan, and what it costs its home [nano]."""
    posing = Posing(home, Places(home))
    due = (window or horizon, horizon, horizon.start if at is None else at)

    def free(other):
        return posing.posed(other, "s", due[0], horizon).problem

    after, choices = Chooser(home)(state, due, free)
    plan = solve(posing.posed(after, "s", due[0], horizon).problem)
    return SimpleNamespace(choices=choices, plan=plan, state=after, cost=int(plan.cost_nano.sum()))


def delegated(tools, terms, horizon, chosen=None, **changes):
    """An agreement that all have signed, of which m000 leaves its choices to plans."""
    offer = tools.offer("right", terms, ("m000", WRITER), horizon)
    made = tools.bound(offer, chosen=chosen)
    made = replace(made, delegated={"right": ("m000",)})
    return replace(made, signed=(replace(made.signed[0], **changes),))


def values_of(found, horizon, label="exercise"):
    """What a plan chose [slots], 0 where nothing was open."""
    values = np.zeros(horizon.count, np.int64)
    for one in found.choices:
        if one.label == label:
            values[(one.starts - horizon.start) // horizon.step] = one.values
    return values


def least(spot, most, amount=None):
    """What a meter pays at least, net bounded from above [slots], and how much is sold on top.

    ``amount`` is (on, most Wh, price) of energy that counts against the bound where it is on.
    By HiGHS from the numbers alone; None where it cannot be.
    """
    eye, full, none = np.eye(SLOTS), np.tri(SLOTS), np.zeros((SLOTS, SLOTS))
    on, high, price = amount or (np.zeros(SLOTS), np.zeros(SLOTS), np.zeros(SLOTS))
    net, state = np.hstack([eye, -eye, eye]), np.hstack([full, -full, none])
    held = np.isfinite(most)
    rows = [*net[held], *state, *-state]
    right = [*(most[held] - LOAD), *[FULL - INITIAL] * SLOTS, *[INITIAL] * SLOTS]
    bounds = [(0, CHARGE)] * SLOTS + [(0, DISCHARGE)] * SLOTS
    bounds += [(0, top if here else 0) for here, top in zip(on, high, strict=True)]
    cost = np.concatenate([spot, -np.array(spot), -np.array(price)])
    found = linprog(cost, rows, right, bounds=bounds, method="highs")
    return found.fun + LOAD * sum(spot) if found.status == 0 else None


def by_slot(values, horizon, unit):
    return Profile(horizon.start, horizon.step, tuple(int(one) for one in values), unit)


@settings(deadline=None, max_examples=5)
@given(PRICES, WH, PRICES, st.sampled_from([None, 0, 1, 2]), st.sampled_from([0, 40]))
def test_a_right_to_sell_is_taken_where_trying_every_way_takes_it(
    home, tools, spot, wh, strike, n, sold
):
    """Beside what is sold in any case, given on top; with or without a limit."""
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    quantity, price = by_slot(wh, day, "Wh"), by_slot(strike, day, "micro/kWh")
    terms = ("m000", WRITER, quantity, price, Const(0, "nano"))
    right = put_option(*terms, 0, "EUR")
    if n is not None:
        right = swing_put(*terms, n, "all", 0, "EUR")
    contracts = delegated(tools, right, day)
    if sold:
        sale = tools.offer("sale", tools.sells("m000", WRITER, sold), ("m000", WRITER), day)
        contracts = replace(contracts, signed=(*contracts.signed, *tools.bound(sale).signed))
    found = chosen(home, day, state_of(day, spot, contracts))
    taken, earned = values_of(found, day), np.array(wh) * np.array(strike)

    def most(way):
        given = sold + way * np.array(wh)
        return np.where(given > 0, -given, np.inf)

    ways = [
        cost - earned @ way
        for way in map(np.array, product(*((0, 1) if one else (0,) for one in wh)))
        if (n is None or way.sum() <= n) and (cost := least(spot, most(way))) is not None
    ]
    assert found.plan.conflicts == ()
    assert n is None or taken.sum() <= n
    assert (found.plan.net_wh[0] <= most(taken)).all()
    assert found.cost - earned @ taken == pytest.approx(min(ways), rel=1e-6, abs=2e5)


@settings(deadline=None, max_examples=3)
@given(PRICES, PRICES, st.booleans())
def test_an_amount_that_is_named_and_what_counts_from_rest(home, tools, spot, price, flexible):
    """Nothing named asks for nothing; else so much is given, or taken less than the load."""
    day, high = Slots(tools.day.start, tools.STEP, SLOTS), 300
    named = nominated("named", "m000", Const(high, "Wh"), 0)
    asset = "flexibility:up" if flexible else "energy"
    paid = pay(named * by_slot(price, day, "micro/kWh"), WRITER, "m000", "price", "EUR")
    terms = deliver(named, "m000", WRITER, asset) + paid
    found = chosen(home, day, state_of(day, spot, delegated(tools, terms, day)))
    taken = values_of(found, day, "named")
    from_wh = LOAD if flexible else 0
    ways = [
        least(spot, np.where(on, from_wh, np.inf), (on, [high] * SLOTS, price))
        for on in map(np.array, product((0, 1), repeat=SLOTS))
    ]
    best = min(cost for cost in ways if cost is not None)
    assert (found.plan.net_wh[0] <= np.where(taken > 0, from_wh - taken, 10**9)).all()
    assert found.cost - int(taken @ np.array(price)) == pytest.approx(best, rel=1e-6, abs=2e6)


def test_a_minimum_take_is_weighed_where_its_period_ends(home, tools):
    """Three exercises at a loss are cheaper than the shortfall; before its end none is.

    Two that were told before the plan's first slot leave one to take.
    """
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    wh, strike = Const(100, "Wh"), Const(10_000, "micro/kWh")
    terms = swing_with_minimum_take(
        *("m000", WRITER, wh, strike, Const(0, "nano"), 5, Const(300, "Wh")),
        *(Const(50_000, "micro/kWh"), "all", 0, "EUR"),
    )
    contracts = delegated(tools, terms, day)
    assert values_of(chosen(home, day, state_of(day, [50_000] * 6, contracts)), day).sum() == 3
    begun = Slots(day.start - 2 * day.step, day.step, SLOTS + 2)
    told = {("right", "exercise"): (Slots(begun.start, day.step, 2), [1, 1])}
    later = delegated(tools, terms, begun, told)
    assert values_of(chosen(home, day, state_of(day, [50_000] * 6, later)), day).sum() == 1
    half = Slots(day.start, day.step, 3)
    assert values_of(chosen(home, half, state_of(half, [50_000] * 3, contracts)), half).sum() == 0


def puts(horizon, notice=0, limit=None, period="all", wh=300):
    """A right to sell at a price that always pays."""
    terms = ("m000", WRITER, Const(wh, "Wh"), Const(900_000, "micro/kWh"), Const(0, "nano"))
    if limit is None:
        return put_option(*terms, notice, "EUR")
    return swing_put(*terms, limit, period, notice, "EUR")


def test_what_is_told_late_or_planned_by_another_stays(home, tools):
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    spot, notice = [50_000] * SLOTS, 2 * tools.STEP
    told = {("right", "exercise"): (Slots(day.start + 3 * day.step, day.step, 1), [0])}
    contracts = delegated(tools, puts(day, notice), day, told)
    found = chosen(home, day, state_of(day, spot, contracts))
    (only,) = found.choices
    assert ((only.starts - day.start) // day.step).tolist() == [2, 4, 5]
    # a plan that is in force from slot 4 on has decided what is beyond the window
    window = Slots(day.start, day.step, 4)
    later = Slots(day.start + 4 * day.step, day.step, 2)
    forces = (InForce(later, found.plan),)
    meant = BySlot(later.starts(), np.array([1, 0]))
    contracts = delegated(tools, puts(day, notice), day, told, planned={"exercise": meant})
    again = chosen(home, day, state_of(day, spot, contracts, forces), window)
    (only,) = again.choices
    assert ((only.starts - day.start) // day.step).tolist() == [2]
    values, present = again.state.contracts.signed[0].planned["exercise"].on(day)
    assert values[4:].tolist() == [1, 0]
    assert present[4:].all()


def test_rights_used_before_count_and_the_rest_is_shared_over_the_period(home, tools):
    """Of 6 rights in 12 slots, 2 are used: 4 are left for 8 slots, 2 for those 4 that are seen."""
    life = Slots(tools.day.start, tools.STEP, 12)
    seen = Slots(life.start + 4 * life.step, life.step, 4)
    told = {("right", "exercise"): (Slots(life.start, life.step, 2), [1, 1])}
    contracts = delegated(tools, puts(life, limit=6), life, told)
    found = chosen(home, seen, state_of(seen, [50_000] * 4, contracts))
    assert values_of(found, seen).sum() == 2
    whole = delegated(tools, puts(life, limit=6, period="day@Europe/Berlin"), life, told)
    assert values_of(chosen(home, seen, state_of(seen, [50_000] * 4, whole)), seen).sum() == 2


def test_nobody_who_did_not_leave_it_to_plans_is_chosen_for(home, tools):
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    contracts = replace(delegated(tools, puts(day), day), delegated={})
    found = chosen(home, day, state_of(day, [50_000] * SLOTS, contracts))
    assert found.choices is UNSET
    other = replace(contracts, delegated={"right": (WRITER,)})
    assert chosen(home, day, state_of(day, [50_000] * SLOTS, other)).choices == ()


def test_suspended_slots_and_those_outside_its_life_are_not_open(home, tools):
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    contracts = delegated(tools, puts(day), Slots(day.start, day.step, 5))
    contracts = replace(contracts, suspended={"right": ((day.start, day.start + 2 * day.step),)})
    (only,) = chosen(home, day, state_of(day, [50_000] * SLOTS, contracts)).choices
    assert ((only.starts - day.start) // day.step).tolist() == [2, 3, 4]


def test_terms_that_no_plan_can_choose_in_are_told(tools):
    day = tools.day
    unknown = Series("price:spot", "micro/kWh")
    hanging = put_option("m000", WRITER, Const(1, "Wh"), unknown, Const(0, "nano"), 0, "EUR")
    for terms, reason in (
        (hanging, "'price:spot', which is only known later"),
        (puts(day), ""),
        (tools.sells("m000", WRITER, 1), "leave m000 no choice"),
    ):
        written = tools.offer("x", terms, ("m000", WRITER), day).agreement.terms
        assert reason in unplannable(written, "m000", day, "EUR")
        assert bool(reason) == bool(unplannable(written, "m000", day, "EUR"))
    kept = nominated("ready", "m000", Const(5, "W"), 0)
    power = deliver(kept, "m000", WRITER, "capacity:up")
    paid = pay(kept * Const(4, "micro/kW"), WRITER, "m000", "ready", "EUR")
    written = tools.offer("x", power + paid, ("m000", WRITER), day).agreement.terms
    assert "kept ready" in unplannable(written, "m000", day, "EUR")
    assert "counts CHF" in unplannable(
        tools.offer("x", puts(day), ("m000", WRITER), day).agreement.terms, "m000", day, "CHF"
    )


@given(st.integers(0, 20), st.integers(0, 20), st.lists(st.booleans(), min_size=1, max_size=30))
def test_never_more_than_what_is_left_and_all_of_it_where_all_is_seen(most, taken, seen):
    may = np.ones(len(seen), np.bool_)
    left = max(most - taken, 0)
    share = rights_left(most, taken, may, np.array(seen))
    assert 0 <= share <= left
    assert share * len(seen) >= left * sum(seen)
    assert rights_left(most, taken, may, may) == left
    assert rights_left(most, taken, ~may, may) == 0


@pytest.mark.parametrize(("period", "days"), [("day", 1), ("week", 7), ("month", 30)])
def test_periods_are_whole_as_a_calendar_has_them(period, days):
    calendar = Calendar("Europe/Berlin", 900)
    year = Slots(calendar.midnight(date(2026, 1, 1)), 900, 365 * 96)
    first = date(2026, 6, {"day": 16, "week": 15, "month": 1}[period])
    seen = Slots(calendar.midnight(date(2026, 6, 16)) + 3600, 900, 8)
    found = whole_span(year, seen, [f"{period}@Europe/Berlin"])
    assert (found.start, found.count) == (calendar.midnight(first), days * 96)
    assert whole_span(year, seen, ["all"]) == year


def test_homes_that_decide_nothing_do_as_planned(small_community, tools):
    """Where one of two homes below a limit is frozen, it takes what it took, at what it cost."""
    batteries = [("battery", row, 4_000, 2_000, 8_000, 1, 1, 1) for row in (0, 1)]
    two = small_community(2, ((-1, 2_500, -1),), storage=batteries)
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    spot = [50_000, 90_000, 20_000, 70_000, 30_000, 10_000]
    state = state_of(day, spot, None, homes=2)
    problem = Posing(two, Places(two)).posed(state, "s", day, day).problem
    plan = solve(problem)
    again = solve(frozen(problem, plan.net_wh, [0]))
    assert again.net_wh[1].tolist() == plan.net_wh[1].tolist()
    assert again.cost_nano.sum() == pytest.approx(plan.cost_nano.sum(), rel=1e-6)
    assert not again.discharge_wh[1].any()
    assert plan.discharge_wh[1].any()


def test_a_baseline_is_what_was_planned_before(home, tools):
    """A plan that serves what was chosen is no baseline for it."""
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    named = nominated("named", "m000", Const(300, "Wh"), 0)
    terms = deliver(named, "m000", WRITER, "flexibility:up")
    contracts = delegated(tools, terms, day)
    plan = solve(
        Posing(home, Places(home))
        .posed(state_of(day, [50_000] * SLOTS, None), "s", day, day)
        .problem
    )
    before = state_of(day, [50_000] * SLOTS, contracts, (InForce(day, plan),))
    choice = PlannedChoice("right", 1, "named", day.starts()[2:4], np.array([100, 100]))
    after = planned(before, [choice], {"m000": 0}, day.start)
    values, known = after.contracts.baseline["m000"].on(day)
    assert np.flatnonzero(known).tolist() == [2, 3]
    assert values[2:4].tolist() == plan.net_wh[0, 2:4].tolist()


def test_it_binds_another_member_once_it_is_told(tools):
    """What a plan of the author means to do is nothing that its partner has to be ready for."""
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    terms = put_option(
        *("m000", "m001", Const(300, "Wh"), Const(90_000, "micro/kWh"), Const(0, "nano"), 0, "EUR")
    )
    offer = tools.offer("right", terms, ("m000", "m001"), day)
    meant = BySlot(day.starts()[2:3], np.array([1]))
    (signed,) = tools.bound(offer).signed
    for told in ({}, {"exercise": meant}):
        contracts = Contracts(signed=(replace(signed, planned={"exercise": meant}, chosen=told),))
        given = {one.party: one.given_wh[2] for one in duties(contracts, ["m000", "m001"], day)}
        assert given == {"m000": 300, "m001": -300 if told else 0}


def test_in_a_large_community_only_authors_homes_are_weighed(small_community, tools, monkeypatch):
    """The other home does as it would without; where nothing is shared, that is the same choice."""
    batteries = [("battery", row, 4_000, 2_000, 8_000, 1, 1, 1) for row in (0, 1)]
    two = small_community(2, storage=batteries)
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    contracts = delegated(tools, puts(day, limit=2), day)
    spot = [50_000, 90_000, 20_000, 70_000, 30_000, 10_000]
    whole = chosen(two, day, state_of(day, spot, contracts, homes=2))
    monkeypatch.setattr(deciding, "FEW", 0)
    apart = chosen(two, day, state_of(day, spot, contracts, homes=2))
    assert values_of(apart, day).sum() == 2
    assert apart.cost == pytest.approx(whole.cost, rel=1e-6)


def test_another_members_choice_counts_once_it_is_told(home, tools):
    """A right that holds where the other says so is worth nothing before it does."""
    day = Slots(tools.day.start, tools.STEP, SLOTS)
    terms = within(decision("holds", WRITER, 0), puts(day))
    meant = BySlot(day.starts(), np.ones(SLOTS, np.int64))
    spot = [50_000] * SLOTS
    for told, taken in (({}, 0), ({"holds": meant}, 5)):
        contracts = delegated(tools, terms, day, planned={"holds": meant})
        (signed,) = contracts.signed
        contracts = replace(contracts, signed=(replace(signed, chosen=told),))
        found = chosen(home, day, state_of(day, spot, contracts))
        assert values_of(found, day).sum() >= taken
        assert values_of(found, day).any() == bool(taken)
