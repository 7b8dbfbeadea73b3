"""No forecast looks ahead: another future, from its very opening on, gives the same forecast."""

from dataclasses import dataclass

import numpy as np
import pytest

from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import Record
from gridpact.forecasting.messages import ForecastDue, ForecastIssued
from gridpact.kernel.journal import Journal
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.market.gates import day_ahead
from gridpact.market.messages import SessionOpened
from gridpact.registry.messages import CommunityOpened
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.scenarios.specs import specs
from gridpact.simulation.staging import Stage
from gridpact.simulation.truth import Behaviour
from gridpact.simulation.world import World

SCENARIO = """
gridpact: 1
run: {from: 2026-06-15, days: 2, seed: 4}
community: {slot_minutes: 30}
generate: {homes: 4, pv_percent: 100, battery_percent: 50, appliance_percent: 50}
faults: {readings_missing_percent: 5, readings_late_percent: 10, late_slots: 3}
"""


@dataclass
class Altered:
    """A truth that is another one from an instant on, in every slot not over by then."""

    truth: Stage
    since: int

    def _other(self, slots, values):
        changed = values.copy()
        changed[..., slots.starts() + slots.step > self.since] *= 3
        changed[..., slots.starts() + slots.step > self.since] += 77
        return changed

    def load_wh(self, slots):
        values, known = self.truth.load_wh(slots)
        return self._other(slots, values), known

    def pv_wh(self, slots):
        values, known = self.truth.pv_wh(slots)
        return self._other(slots, values), known

    def spot(self, slots):
        return self.truth.spot(slots)

    def spread(self, slots):
        return self.truth.spread(slots)

    def behaviour(self, slots):
        real = self.truth.behaviour(slots)
        return Behaviour(real.there, self._other(slots, real.draw_wh), real.need_wh)

    def expected(self, slots):
        return self.truth.expected(slots)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenario") / "scenario.yaml"
    path.write_text(SCENARIO)
    scenario = load(path)
    community, seed = build_community(scenario), scenario.run.seed
    first = scenario.run.first_day

    def until(session, since):
        """Run to the forecast of a session in a world that is altered from an instant on."""
        truth = Altered(Stage(scenario, community, seed), since)
        reserve = specs(scenario).storage.reserve_wh
        world = World(community, truth, seed, scenario.faults, reserve)
        ledger = LocalLedger(":memory:", demonstration_key(seed))
        journal = Journal(":memory:")
        loop = build(community, seed, journal, Edges(world, ledger))
        opening = CommunityOpened(community=community, seed=seed, first_day=str(first), gridpact="")
        loop.submit(
            opening,
            day_ahead(community.market, community.calendar, first).gate - community.market.opens_s,
        )
        loop.run(lambda m: isinstance(m, ForecastIssued) and m.session == session)
        record = Record(journal)
        journal.close()
        ledger.close()
        return record

    return until


LAST = "2026-06-16.intraday-1200"
NEVER = 2**40


def same(one, two):
    return all(
        np.array_equal(getattr(one, name), getattr(two, name))
        for name in ("load_wh", "pv_wh", "load_quantiles_wh", "pv_quantiles_wh")
    )


def test_another_future_gives_the_same_forecasts(run):
    whole = run(LAST, NEVER)
    opened = {kept.message.session.id: kept.time for kept in whole.kept(SessionOpened)}
    issued = {message.session: message for message in whole.all(ForecastIssued)}
    kinds = {message.kind for message in whole.all(ForecastDue)}
    assert kinds == {"day-ahead", "intraday"}
    for session in ("2026-06-15.day-ahead", "2026-06-15.intraday-0600", "2026-06-16.day-ahead"):
        told = run(session, opened[session]).all(ForecastIssued)
        assert told[-1].session == session
        for message in told:
            assert same(message, issued[message.session]), message.session


def test_the_past_does_matter(run):
    """The comparison above would notice: a world altered two hours earlier is forecast otherwise.

    The session within the day reads the latest slots.
    """
    whole = run(LAST, NEVER)
    opened = {kept.message.session.id: kept.time for kept in whole.kept(SessionOpened)}
    session = "2026-06-15.intraday-1200"
    other = run(session, opened[session] - 7200).all(ForecastIssued)[-1]
    before = next(m for m in whole.all(ForecastIssued) if m.session == session)
    assert not same(before, other)
