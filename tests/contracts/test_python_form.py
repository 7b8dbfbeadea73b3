"""Contracts as Python modules that build the same bytes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.files import read_arguments
from gridpact.contracts.observables import Series
from gridpact.contracts.products import CATALOGUE
from gridpact.contracts.python_form import to_python

GENERATION = Series("metered:generation", "Wh")


def executed(text):
    found = {}
    exec(compile(text, "contract.py", "exec"), found)  # noqa: S102 - what was just written
    return found["contract"]


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_module_of_any_contract_builds_the_same_bytes(gen, data):
    contract = data.draw(gen.contracts())
    assert to_bytes(executed(to_python(contract))) == to_bytes(contract)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_module_of_each_product_builds_the_same_bytes(name):
    given = {parameter.name: parameter.example for parameter in CATALOGUE[name].parameters}
    contract = read_arguments(name, given)
    text = to_python(contract)
    assert to_bytes(executed(text)) == to_bytes(contract)
    assert max(map(len, text.splitlines())) <= 100
