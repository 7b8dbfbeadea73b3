"""Random books on grids; those of trees are the ones that coupling is tested with."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

COUPLING = Path(__file__).parents[1] / "coupling" / "conftest.py"


def _coupling():
    spec = spec_from_file_location("coupling_books", COUPLING)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


joined = _coupling().joined


@pytest.fixture(scope="session")
def joined_books():
    return joined


@pytest.fixture(scope="session")
def columns(orders_of):
    """Orders and their zones from rows (zone, slot, side, quantity, limit)."""

    def build(rows):
        return orders_of([row[1:] for row in rows]), np.array(
            [row[0] for row in rows], dtype=np.int64
        )

    return build
