"""No operation takes 2 % more or less gas than was acknowledged."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def gas():
    place = Path(__file__).with_name("gas.py")
    spec = importlib.util.spec_from_file_location("gridpact_gas", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_gas_is_as_acknowledged(gas):
    wrong = gas.differences(gas.kept(), gas.measured())
    assert wrong == [], "python tests/ledger/evm/gas.py --acknowledge"


def test_a_change_of_more_than_two_per_cent_is_told(gas):
    before = {"a": 10_000, "b": 10_000, "c": 10_000, "d": 1}
    now = {"a": 10_200, "b": 10_201, "c": 9_799, "e": 5}
    assert gas.differences(before, now) == [
        "d: gone, took 1",
        "b: 10,201 in place of 10,000 (+2.0%)",
        "c: 9,799 in place of 10,000 (-2.0%)",
        "e: new, takes 5",
    ]


def test_a_root_costs_the_same_whatever_the_number_of_its_leaves(gas):
    """A root by three attesters about 95k, whatever the number of leaves."""
    kept = gas.kept()
    assert kept["Attested.attest, 3 signatures, 1,024 leaves"] < 97_000
    many, few = (kept[f"Attested.attest, 3 signatures, {n} leaves"] for n in ("65,536", "1,024"))
    assert abs(many - few) < 100
