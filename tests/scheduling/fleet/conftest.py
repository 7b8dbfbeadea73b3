"""Random fleets of every class, for tests of the engine as a whole."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fleets():
    """Draw random fleets, see ``fleets.py`` beside this file."""
    spec = spec_from_file_location("fleets", Path(__file__).parent / "fleets.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
