"""What all tests share: the data folder if there is one, and whole runs in memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import Record
from gridpact.kernel.journal import Journal
from gridpact.kernel.loop import Loop
from gridpact.ledger.handlers import DAY
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.messages import Committed
from gridpact.market.gates import ORDERS_OPEN_S, day_ahead
from gridpact.registry.messages import CommunityOpened
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.staging import world

ROOT = Path(__file__).parents[1]


@dataclass
class Ran:
    """A finished run in memory."""

    loop: Loop
    journal: Journal
    ledger: LocalLedger

    @property
    def record(self) -> Record:
        return Record(self.journal)


def run_in_memory(path: Path, days: int = 1, data_root: Path | None = None) -> Ran:
    """Run a scenario file for some days, without a folder."""
    scenario = load(path, data_root)
    community, seed, first = build_community(scenario), scenario.run.seed, scenario.run.first_day
    journal, ledger = Journal(":memory:"), LocalLedger(":memory:", demonstration_key(seed))
    loop = build(community, seed, journal, Edges(world(scenario, community, seed), ledger))
    opening = CommunityOpened(community=community, seed=seed, first_day=str(first), gridpact="test")
    loop.submit(
        opening, day_ahead(community.market, community.calendar, first).gate - ORDERS_OPEN_S
    )
    done: list[str] = []

    def stop(message: object) -> bool:
        if isinstance(message, Committed) and message.key.startswith(DAY):
            done.append(message.key)
        return len(done) == days

    loop.run(stop)
    return Ran(loop, journal, ledger)


@pytest.fixture(name="run_in_memory", scope="session")
def _run_in_memory():
    return run_in_memory


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real data; tests that read it are skipped where there is none."""
    folder = Path(os.environ.get("GRIDPACT_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data: set GRIDPACT_DATA to the folder that holds it")
    return folder
