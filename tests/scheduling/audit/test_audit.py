"""Whole answers: sound ones pass, and whatever number is changed in one is found."""

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.audit import audit
from gridpact.scheduling.audit.report import Report
from gridpact.scheduling.fleet.columns import TABLES
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import LimitPrices, Missed
from gridpact.scheduling.fleet.solve import solve as solve_by_engine
from gridpact.scheduling.reference.highs import Search
from gridpact.scheduling.reference.solve import solve

PENALTY = 5_000_000.0
SEARCH = Search(gap=1e-4, nodes=200)
"""What is audited need not be the best."""
NUMBERS = {
    "one_way": ("one_way_wh",),
    "storage": ("charge_wh", "discharge_wh", "state_wh"),
    "curtailable": ("output_wh",),
    "runs": ("runs_wh",),
    "generators": ("generators_wh",),
}


class Given(msgspec.Struct):
    """Schedules that are what they are, whatever was solved."""

    whole: object
    fleet: object

    def schedules(self, zones):
        """Cut the schedules down to some zones."""
        cut = {}
        rows = []
        for at, name in enumerate(TABLES):
            table = getattr(self.fleet, name)
            zone = np.zeros(0, np.int64) if table is None else table.zone
            kept = np.isin(zone, zones) if zones is not None else np.ones(len(zone), bool)
            rows.append(self.whole.rows[at][kept])
            for number in NUMBERS[name]:
                cut[number] = getattr(self.whole, number)[kept]
        return msgspec.structs.replace(self.whole, rows=tuple(rows), **cut)


def all_kinds(fleets, seed, **choice):
    fleet, prices = fleets.random_fleet(
        seed, fleets.CONTINUOUS + fleets.DISCRETE, slots=(8, 12), assets=(6, 12), **choice
    )
    return fleet, prices, solve(fleet, prices, PENALTY, SEARCH)


@pytest.mark.parametrize("seed", range(30))
def test_the_reference_passes(seed, fleets):
    fleet, prices, solution = all_kinds(fleets, seed)
    report = audit(fleet, solution, prices)
    assert report.breaches == ()
    assert report.cost_nano == pytest.approx(solution.upper_nano, rel=1e-9, abs=1)
    assert report.assets == sum(len(getattr(fleet, n).zone) for n in TABLES if getattr(fleet, n))


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_the_engine_passes_and_prices_prove_its_bound(first, fleets):
    for seed in range(first, first + 10):
        fleet, prices = fleets.random_fleet(seed, prices=("any", "two", "spiky", "flat")[seed % 4])
        solution = solve_by_engine(fleet, prices, Options(gap=1e-4, penalty=PENALTY))
        report = audit(fleet, solution, prices)
        assert report.breaches == (), seed
        assert report.proven_nano >= solution.lower_nano - 1e3 - 1e-6 * abs(solution.lower_nano)


@pytest.mark.parametrize("seed", range(12))
def test_any_number_changed_is_found(seed, fleets):
    fleet, prices, solution = all_kinds(fleets, seed)
    draw, whole = stream(seed, "audit", "mutations"), solution.schedules()
    for name in TABLES:
        for number in NUMBERS[name] if getattr(fleet, name) is not None else ():
            values = getattr(whole, number)
            for _ in range(6):
                place = tuple(int(draw.integers(0, n)) for n in values.shape)
                changed = values.copy()
                changed[place] += draw.choice([-1, 1]) * draw.choice([0.1, 1.0, 50.0, 2_000.0])
                source = Given(msgspec.structs.replace(whole, **{number: changed}), fleet)
                other = msgspec.structs.replace(solution, source=source)
                assert not audit(fleet, other, prices, sample=0).clean, (number, place)
    untouched = msgspec.structs.replace(solution, source=Given(whole, fleet))
    assert audit(fleet, untouched, prices, sample=0).clean


def whats(report):
    return {one.what for one in report.breaches}


def test_false_claims_are_found(fleets):
    fleet, prices = fleets.random_fleet(2, slots=(8, 12), assets=(6, 12), tight=0.15, prices="two")
    solution = solve(fleet, prices, PENALTY)
    assert solution.missed, "the case must miss limits"
    scale = abs(solution.upper_nano)

    def told(**changes):
        return whats(audit(fleet, msgspec.structs.replace(solution, **changes), prices))

    assert told() == set()
    assert told(upper_nano=solution.upper_nano + 1e-3 * scale) == {
        "costs something else than claimed"
    }
    assert "bound above the cost" in told(lower_nano=solution.upper_nano + 1e-3 * scale)
    first = solution.missed[0]
    assert told(missed=solution.missed[1:]) == {f"exceeds its {first.kind} limit unsaid"}
    kept = Missed("upper", 0, 0, 77.0)
    assert "keeps its upper limit, though said not to" in told(missed=(*solution.missed, kept))
    net = solution.net_wh.copy()
    net[0, 3] += 1.0
    assert told(net_wh=net) == {"reports another net energy"}


def test_a_bound_that_prices_do_not_prove_is_found(fleets):
    fleet, prices = fleets.random_fleet(2, slots=(24, 24), assets=(12, 12), prices="any")
    solution = solve(fleet, prices, PENALTY)
    free = LimitPrices(
        **{name: np.zeros_like(getattr(solution.prices, name)) for name in NAMES_OF_PRICES}
    )
    assert any(getattr(solution.prices, name).any() for name in NAMES_OF_PRICES)
    without = audit(fleet, msgspec.structs.replace(solution, prices=free), prices)
    assert without.proven_nano < solution.lower_nano - 1e6
    assert without.clean, "a small fleet's bound is confirmed by solving all of it again"
    beyond = solution.upper_nano + 1e-3 * abs(solution.upper_nano)
    claim = msgspec.structs.replace(solution, prices=free, lower_nano=beyond, upper_nano=beyond)
    assert "prices do not prove the bound claimed" in whats(audit(fleet, claim, prices))


NAMES_OF_PRICES = ("imports", "exports", "lower", "upper")


def test_a_sample_of_zones_is_the_same_for_a_seed(fleets):
    fleet, prices, solution = all_kinds(fleets, 1)
    one = audit(fleet, solution, prices, sample=1, seed=5)
    assert one == audit(fleet, solution, prices, sample=1, seed=5)
    assert len(one.resolved) == 1
    assert one.proven_nano is None
    assert one.resolved[0].least_nano <= one.resolved[0].cost_nano + 1e3


def test_a_report_is_json(fleets):
    fleet, prices, solution = all_kinds(fleets, 1)
    wrong = msgspec.structs.replace(solution, net_wh=solution.net_wh + 1)
    report = audit(fleet, wrong, prices, sample=1)
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
