"""Runs that are compared: the committed journal, and a small one with rules of its own."""

import lzma
from pathlib import Path

import pytest

from gridpact.app.compare.whole import record_of
from gridpact.app.record import Record
from gridpact.kernel.journal import Journal
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def committed(tmp_path_factory):
    """The record of the first committed journal: three homes, two days, faults."""
    path = tmp_path_factory.mktemp("committed") / "journal.db"
    packed = ROOT / "tests" / "replay" / "journals" / "0.1.0" / "journal.db.xz"
    path.write_bytes(lzma.decompress(packed.read_bytes()))
    journal = Journal(path)
    yield Record(journal)
    journal.close()


@pytest.fixture(scope="session")
def markets():
    """The record of the example whose markets have rules of their own."""
    scenario = load(ROOT / "examples" / "markets.yaml")
    return record_of(scenario, community(scenario))
