"""Contracts beside the ledger, deployed once; every test begins with the same chain."""

import importlib.util
from pathlib import Path

import pytest


def _load():
    place = Path(__file__).with_name("chain.py")
    spec = importlib.util.spec_from_file_location("gridpact_test_chain", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HELP = _load()


@pytest.fixture(scope="session")
def beside():
    return HELP


@pytest.fixture(scope="session")
def deployed():
    return HELP.Chain()


@pytest.fixture
def chain(deployed):
    before = deployed.tester.take_snapshot()
    yield deployed
    deployed.tester.revert_to_snapshot(before)


@pytest.fixture
def refused():
    """Expect that a contract reverts with a reason."""

    def expect(reason):
        return pytest.raises(HELP.Refused, match=reason)

    return expect
