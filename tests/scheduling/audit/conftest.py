"""Random fleets, and all plans of small things written out."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

SCHEDULING = Path(__file__).parents[1]


def _load(path):
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def fleets():
    """Random fleets of every class."""
    return _load(SCHEDULING / "fleet" / "fleets.py")


@pytest.fixture(scope="session")
def enumerated():
    """All plans of small appliances, generators and storage."""
    return _load(SCHEDULING / "reference" / "conftest.py")
