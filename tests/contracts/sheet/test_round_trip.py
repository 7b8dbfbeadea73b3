"""Every contract is read back from its sheet, and no other text is."""

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.contracts.canonical import from_bytes, to_bytes
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files import read_arguments
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs
from gridpact.contracts.products import CATALOGUE
from gridpact.contracts.python_form import to_python
from gridpact.contracts.sheet import from_term_sheet, term_sheet

quick = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
SWAPPED = {"+": "max", "max": "min", "min": "+", "-": "filled", "filled": "-", "*": "+"} | {
    "total": "running",
    "running": "highest",
    "highest": "whole",
    "whole": "total",
}


def settled(contract):
    """Tell whether terms could be settled: only such have a sheet."""
    try:
        legs(contract)
        needs(contract)
    except IllFormed:
        return False
    return True


def body(contract):
    return "\n".join(line for line in term_sheet(contract).splitlines() if "keccak" not in line)


@quick
@given(data=st.data())
def test_the_sheet_of_any_contract_reads_back_to_the_same_bytes(every, data):
    contract = data.draw(every.contracts())
    assume(settled(contract))
    text = term_sheet(contract, data.draw(st.sampled_from(["", "Park sells to bakery", "1. 'x'"])))
    assert to_bytes(from_term_sheet(text)) == to_bytes(contract)
    rewrapped = "\n".join(line.strip() for line in text.split("\n"))
    assert to_bytes(from_term_sheet(rewrapped)) == to_bytes(contract)


@quick
@given(data=st.data())
def test_the_contracts_of_the_laws_read_back_to_the_same_bytes(gen, data):
    contract = data.draw(gen.contracts())
    assert to_bytes(from_term_sheet(term_sheet(contract))) == to_bytes(contract)


@quick
@given(data=st.data())
def test_the_python_module_of_any_contract_builds_the_same_bytes(every, data):
    contract = data.draw(every.contracts())
    assume(settled(contract))
    found = {}
    exec(compile(to_python(contract), "contract.py", "exec"), found)  # noqa: S102 - just written
    assert to_bytes(found["contract"]) == to_bytes(contract)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_sheet_of_each_product_reads_back(name):
    contract = read_arguments(name, {p.name: p.example for p in CATALOGUE[name].parameters})
    text = term_sheet(contract, CATALOGUE[name].summary)
    assert to_bytes(from_term_sheet(text)) == to_bytes(contract)
    body_lines = text.splitlines()[1:]
    assert max(map(len, body_lines)) <= 96


def leaves(node, path=()):
    """Every place of a text in decoded terms, with the key it is under."""
    if isinstance(node, str):
        yield path
    for key, value in node.items() if isinstance(node, dict) else ():
        yield from leaves(value, (*path, key))
    for index, value in enumerate(node) if isinstance(node, list) else ():
        yield from leaves(value, (*path, index))


def altered(contract, path):
    """The contract with one number, name, party, operator or fold changed; None where it fits no
    other."""
    terms = json.loads(to_bytes(contract))
    node = terms
    for key in path[:-1]:
        node = node[key]
    old = node[path[-1]]
    try:
        node[path[-1]] = SWAPPED.get(old) or str(int(old) + 1)
    except ValueError:
        node[path[-1]] = f"{old}x"
    data = json.dumps(terms, separators=(",", ":"), sort_keys=True).encode()
    try:
        found = from_bytes(data)
    except BadInput:
        return None
    return found if settled(found) else None


@quick
@given(data=st.data())
def test_a_change_of_any_part_of_the_terms_changes_the_words(every, data):
    contract = data.draw(every.contracts())
    assume(settled(contract))
    places = [path for path in leaves(json.loads(to_bytes(contract))) if path[0] == "terms"]
    assume(places)
    other = altered(contract, data.draw(st.sampled_from(places)))
    assume(other is not None)
    assert body(other) != body(contract)


@quick
@given(data=st.data())
def test_no_other_words_are_read(every, data):
    contract = data.draw(every.contracts(1))
    assume(settled(contract))
    words = term_sheet(contract).split(" ")
    at = data.draw(st.integers(2, len(words) - 1))
    other = data.draw(st.sampled_from(words))
    assume(words[at].split() != other.split())
    changed = " ".join([*words[:at], other, *words[at + 1 :]])
    with pytest.raises(BadInput):
        from_term_sheet(changed)
