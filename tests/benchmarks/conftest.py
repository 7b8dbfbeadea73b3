"""The benchmarks' own modules, which are scripts beside each other and no package."""

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def charging():
    """Modules of the charging benchmark by their last word: sessions, plans, acn, peer."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield {
            name: importlib.import_module(f"charging_{name}")
            for name in ("sessions", "plans", "acn", "peer")
        }
    finally:
        sys.path.remove(str(FOLDER))
