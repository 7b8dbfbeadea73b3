"""What must hold of any answer: limits only cost, order and units do not matter."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.fleet.columns import TABLES, Prices, rows_of
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.reference.solve import solve as solve_whole

PENALTY = 5_000_000.0
GAP = 1e-4
SEEDS = st.integers(0, 10_000)
FEW = settings(deadline=None, max_examples=20)


def drawn(fleets, seed, discrete):
    kinds = fleets.CONTINUOUS + fleets.DISCRETE if discrete else fleets.CONTINUOUS
    prices = ("any", "flat", "two", "spiky")[seed % 4]
    return fleets.random_fleet(seed, kinds, prices=prices, slots=(8, 12))


def with_limits(fleet, scale):
    """The same fleet with import and export limits scaled."""
    zones = msgspec.structs.replace(
        fleet.zones,
        import_limit_w=fleet.zones.import_limit_w * scale,
        export_limit_w=fleet.zones.export_limit_w * scale,
    )
    return msgspec.structs.replace(fleet, zones=zones)


def close(one, other, rel=1e-7):
    return abs(one - other) <= 1e3 + rel * max(abs(one), abs(other))


@given(seed=SEEDS, discrete=st.booleans(), scale=st.floats(0.2, 1.0))
@FEW
def test_tighter_limits_never_cost_less(fleets, seed, discrete, scale):
    fleet, prices = drawn(fleets, seed, discrete)
    one, other = (solve_whole(each, prices, PENALTY) for each in (fleet, with_limits(fleet, scale)))
    assert other.upper_nano >= one.lower_nano or close(other.upper_nano, one.lower_nano)
    without = msgspec.structs.replace(fleet, portfolio=None)
    relaxed = solve_whole(without, prices, PENALTY)
    assert relaxed.lower_nano <= one.upper_nano or close(relaxed.lower_nano, one.upper_nano)


@given(seed=SEEDS, scale=st.floats(0.2, 1.0))
@FEW
def test_the_engine_s_bounds_say_so_too(fleets, seed, scale):
    fleet, prices = drawn(fleets, seed, discrete=False)
    options = Options(gap=GAP, penalty=PENALTY)
    tight = solve(with_limits(fleet, scale), prices, options)
    loose = solve_whole(fleet, prices, tight.penalty)
    assert tight.upper_nano >= loose.lower_nano or close(tight.upper_nano, loose.lower_nano)
    whole = solve_whole(with_limits(fleet, scale), prices, tight.penalty)
    assert tight.lower_nano <= whole.upper_nano or close(tight.lower_nano, whole.upper_nano)


def shuffled(fleet, draw):
    """The fleet with the rows of every table in another order, and that order."""
    order, tables = {}, {}
    for name in TABLES:
        table = getattr(fleet, name)
        if table is not None:
            order[name] = draw.permutation(len(table.zone))
            tables[name] = rows_of(table, order[name])
    portfolio = fleet.portfolio
    asset = portfolio.asset.copy()
    for at, number in enumerate(portfolio.asset_table.tolist()):
        asset[at] = int(np.flatnonzero(order[TABLES[number]] == asset[at])[0])
    moved = msgspec.structs.replace(portfolio, asset=asset)
    return msgspec.structs.replace(fleet, portfolio=moved, **tables), order


@given(seed=SEEDS)
@FEW
def test_the_order_of_assets_changes_nothing(fleets, seed):
    fleet, prices = drawn(fleets, seed, discrete=False)
    other, order = shuffled(fleet, np.random.default_rng(seed))
    options = Options(gap=GAP, penalty=PENALTY)
    one, two = solve(fleet, prices, options), solve(other, prices, options)
    assert two.upper_nano == pytest.approx(one.upper_nano, rel=1e-9, abs=10)
    assert two.lower_nano == pytest.approx(one.lower_nano, rel=1e-9, abs=10)
    plans, moved = one.schedules(), two.schedules()
    for name, number in (("one_way", "one_way_wh"), ("storage", "state_wh")):
        if name in order:
            np.testing.assert_allclose(
                getattr(moved, number), getattr(plans, number)[order[name]], atol=1e-3
            )


@given(seed=SEEDS)
@settings(deadline=None, max_examples=8)
def test_the_order_of_whole_assets_changes_no_bound(fleets, seed):
    """Dealing goes by order; the proof does not, and neither answer leaves its gap."""
    fleet, prices = drawn(fleets, seed, discrete=True)
    other, _ = shuffled(fleet, np.random.default_rng(seed))
    options = Options(gap=GAP, penalty=PENALTY, method="engine")
    one, two = solve(fleet, prices, options), solve(other, prices, options)
    if one.penalty == two.penalty:
        touch = 1e3 + 1e-7 * max(abs(one.upper_nano), abs(two.upper_nano))
        assert one.lower_nano <= two.upper_nano + touch
        assert two.lower_nano <= one.upper_nano + touch
    whole = [solve_whole(each, prices, PENALTY).upper_nano for each in (fleet, other)]
    assert close(*whole, rel=1e-6)


STORED = ("initial_wh", "charge_w", "discharge_w", "hi_wh", "lo_wh", "terminal_wh", "draw_wh")
SCALED = {
    "one_way": ("energy_wh", "power_w"),
    "storage": STORED,
    "curtailable": ("forecast_wh",),
}


def times(fleet, factor):
    """The same fleet with all energies and powers multiplied."""
    tables = {
        name: msgspec.structs.replace(
            table, **{column: getattr(table, column) * factor for column in SCALED[name]}
        )
        for name in SCALED
        if (table := getattr(fleet, name)) is not None
    }
    zones = msgspec.structs.replace(
        with_limits(fleet, factor).zones, load_wh=fleet.zones.load_wh * factor
    )
    portfolio = msgspec.structs.replace(
        fleet.portfolio,
        lower_wh=fleet.portfolio.lower_wh * factor,
        upper_wh=fleet.portfolio.upper_wh * factor,
    )
    return msgspec.structs.replace(fleet, zones=zones, portfolio=portfolio, **tables)


@given(seed=SEEDS, power=st.integers(-3, 6))
@FEW
def test_units_do_not_matter(fleets, seed, power):
    fleet, prices = drawn(fleets, seed, discrete=False)
    factor = 2.0**power
    options = Options(gap=GAP, penalty=PENALTY)
    one, more = solve(fleet, prices, options), solve(times(fleet, factor), prices, options)
    whole = solve_whole(times(fleet, factor), prices, more.penalty)
    assert close(whole.upper_nano / factor, solve_whole(fleet, prices, more.penalty).upper_nano)
    if one.penalty == more.penalty:
        slack = (one.gap + more.gap) * max(abs(one.upper_nano), abs(one.lower_nano)) + 1e3
        assert abs(more.upper_nano / factor - one.upper_nano) <= slack


@given(seed=SEEDS)
@FEW
def test_money_is_measured_in_any_unit(fleets, seed):
    fleet, prices = drawn(fleets, seed, discrete=False)
    costs = (("storage", "wear"), ("curtailable", "cost"))
    cheaper = {
        name: msgspec.structs.replace(table, **{column: getattr(table, column) / 2})
        for name, column in costs
        if (table := getattr(fleet, name)) is not None
    }
    sell = None if prices.sell is None else prices.sell / 2
    half = solve_whole(
        msgspec.structs.replace(fleet, **cheaper), Prices(prices.buy / 2, sell), PENALTY / 2
    )
    assert close(2 * half.upper_nano, solve_whole(fleet, prices, PENALTY).upper_nano)
