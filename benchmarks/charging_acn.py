"""The same sessions charged in ACN-Sim, by its own algorithms and by the planning of adacharge.

Neither is a dependency: ``acnportal`` (Lee et al. 2021, BSD licence) simulates the site and has
the sorted algorithms, ``adacharge`` plans with cvxpy. Charging points are of one phase at 230 V,
take any current up to that of a car's full power, and share one limit.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from time import process_time
from typing import Any

import msgspec
import numpy as np

from charging_sessions import DAY, HOURS, PUBLISHED, STEP_S, Outlook, Sessions, stations
from gridpact.base.units import Floats

PEERS = ("acnportal", "adacharge", "cvxpy")
INSTALL = (
    "to have it beside, in an environment of its own: python -m venv peers && peers/bin/pip install"
    " . acnportal 'setuptools<81' cvxpy git+https://github.com/caltech-netlab/adacharge"
    " && peers/bin/python benchmarks/charging_peer.py"
)
VOLTS = 230.0
BEGIN = datetime(2000, 1, 1)  # noqa: DTZ001 - a name for slot 0; the simulator has no time zones
WORTH = 1.0
"""What a kWh is worth to those who charge [¤]: more than any price, so that energy comes first."""
SORTED = {"earliest deadline": "earliest_deadline_first", "least laxity": "least_laxity_first"}


class Tariff:
    """Prices as ACN-Sim asks for them: those to plan with from a time on [¤/kWh]."""

    def __init__(self, outlook: Outlook, foreseen: bool) -> None:
        self.outlook, self.foreseen = outlook, foreseen

    def get_tariffs(self, start: datetime, length: int, period: float) -> Floats:
        """Prices of ``length`` periods from ``start`` on, known or taken to be so at ``start``."""
        now = round((start - BEGIN) / timedelta(minutes=period))
        seen = self.outlook.foreseen(length) if self.foreseen else self.outlook.seen(now, length)
        return seen * 1e-6


class Simulated(msgspec.Struct, frozen=True):
    """Schedule [sessions, slots] Wh, how often the algorithm was asked, and its CPU seconds."""

    energy_wh: Floats
    solves: int
    cpu_s: float


def missing_peers() -> str | None:
    """Say which peers are not installed and how to have them; None where all are."""
    lacking = [name for name in PEERS if importlib.util.find_spec(name) is None]
    return f"{', '.join(lacking)} not installed; {INSTALL}" if lacking else None


def quiet() -> None:
    """Silence what old packages are warned of."""
    for category in (SyntaxWarning, DeprecationWarning, FutureWarning):
        warnings.filterwarnings("ignore", category=category)
    warnings.filterwarnings("ignore", message="pkg_resources")


def _sim() -> Any:
    return importlib.import_module("acnportal.acnsim")


def _events(sessions: Sessions, points: list[str]) -> Any:
    """Arrivals, and new prices; a battery takes what is asked for and no more."""
    sim, kw, events = _sim(), sessions.power_w / 1000, []
    for row, point in enumerate(points):
        asked = float(sessions.energy_wh[row]) / 1000
        came, goes = int(sessions.arrive[row]), int(sessions.leave[row])
        battery = sim.models.Battery(asked, 0.0, kw)
        car = sim.models.EV(came, goes, asked, point, str(row), battery)
        events.append(sim.events.PluginEvent(came, car))
    published = range(PUBLISHED, sessions.slots, DAY)
    events += [sim.events.RecomputeEvent(slot) for slot in published]
    return sim.events.EventQueue(events)


def _network(sessions: Sessions, points: list[str], limit_w: float) -> Any:
    sim = _sim()
    network = sim.network.ChargingNetwork()
    for point in sorted(set(points)):
        most = sessions.power_w / VOLTS
        network.register_evse(sim.models.EVSE(point, max_rate=most), VOLTS, 0)
    network.add_constraint(sim.network.Current(sorted(set(points))), limit_w / VOLTS, "site")
    return network


def simulated(
    sessions: Sessions, limit_w: float, outlook: Outlook, algorithm: Any, foreseen: bool = False
) -> Simulated:
    """Run ACN-Sim over all sessions with one of its algorithms."""
    points = [f"point {number:03}" for number in stations(sessions).tolist()]
    events = _events(sessions, points)
    site = _sim().Simulator(
        _network(sessions, points, limit_w),
        algorithm,
        events,
        BEGIN,
        period=STEP_S / 60,
        signals={"tariff": Tariff(outlook, foreseen)},
        verbose=False,
    )
    before = process_time()
    if foreseen:
        algorithm.register_events(events)
        algorithm.solve()
    spent = [process_time() - before]
    asked = algorithm.run

    def timed() -> Any:
        begin = process_time()
        answer = asked()
        spent.append(process_time() - begin)
        return answer

    algorithm.run = timed
    site.run()
    solves = 1 if foreseen else len(spent) - 1
    return Simulated(_by_session(sessions, site, points), solves, sum(spent))


def _by_session(sessions: Sessions, site: Any, points: list[str]) -> Floats:
    """Energy of each session [sessions, slots] Wh, from the currents of charging points."""
    energy = np.zeros((len(points), sessions.slots))
    for row, point in enumerate(points):
        there = slice(int(sessions.arrive[row]), int(sessions.leave[row]))
        amps = site.charging_rates[site.index_of_evse(point), there]
        energy[row, there] = amps * VOLTS * HOURS
    return energy


def sorted_by(rule: str) -> Any:
    """One of ACN-Sim's own algorithms: cars in an order, each as fast as the limit lets it."""
    algorithms = importlib.import_module("acnportal.algorithms")
    return algorithms.SortedSchedulingAlgo(getattr(algorithms, SORTED[rule]))


def planning(solver: str, foreseen: bool = False) -> Any:
    """Planning of adacharge: as much energy as there can be, and that at least cost."""
    ada = importlib.import_module("adacharge.adacharge")
    objective = [
        ada.ObjectiveComponent(ada.total_energy, WORTH),
        ada.ObjectiveComponent(ada.tou_energy_cost),
    ]
    kind: Callable[..., Any] = ada.AdaptiveSchedulingAlgorithm
    if foreseen:
        kind = ada.AdaptiveChargingAlgorithmOffline
    return kind(objective, constraint_type="LINEAR", solver=solver)
