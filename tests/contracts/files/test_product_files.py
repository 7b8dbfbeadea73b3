"""Products from arguments alone, and the short files that say the same."""

import pytest

from gridpact.base.errors import BadInput
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.files import product_file, read_arguments, read_contract, write_contract
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products import CATALOGUE
from gridpact.contracts.terms import sale

GIVEN = {
    "seller": "solar-park",
    "buyer": "bakery",
    "quantity": "min(series('metered:load', Wh), 10 kWh) + series('a-b', Wh)",
    "price": "spot",
    "currency": "EUR",
}


def faults(product, given, **options):
    with pytest.raises(BadInput) as caught:
        read_arguments(product, given, **options)
    return [str(fault) for fault in caught.value.faults]


def test_arguments_are_spelled_as_in_a_file(supply):
    found = read_arguments("supply", GIVEN | {"quantity": "10 kWh"}, products=supply)
    spot = Series("spot", "micro/kWh")
    assert found == sale(Const(10_000, "Wh"), spot, "solar-park", "bakery", "supply", "EUR")


def test_every_fault_of_the_arguments_is_listed(supply):
    given = {"seler": "x", "quantity": "10 EUR", "price": "80 EUR/MWh + lod", "notice": "-1 h"}
    assert [fault.partition(". Fix")[0] for fault in faults("supply", given, products=supply)] == [
        "arguments: buyer is missing",
        "arguments: currency is missing",
        "arguments: seller is missing",
        "arguments: notice: a notice is not negative, this is -3600 s",
        "arguments: price: column 14: the name 'lod' is not known",
        "arguments: quantity: this is in nano, where Wh is due",
        "arguments: seler: supply has no argument 'seler'",
    ]
    assert faults("suply", {}, products=supply, file="command line") == [
        "command line: there is no product 'suply'. Fix: did you mean supply."
    ]


def test_a_short_file_declares_the_series_that_its_arguments_name(supply):
    text = product_file("supply", GIVEN, title="Supply: a test", products=supply)
    assert text == (
        "gridpact: contract/1\n"
        'title: "Supply: a test"\n'
        "series:\n"
        "  a-b: Wh\n"
        "  metered:load: Wh\n"
        "  spot: micro/kWh\n"
        "product: supply\n"
        "with:\n"
        "  seller: solar-park\n"
        "  buyer: bakery\n"
        "  quantity: min(metered:load, 10 kWh) + 'a-b'\n"
        "  price: spot\n"
        "  currency: EUR\n"
    )
    found = read_contract(text, products=supply).contract
    assert to_bytes(found) == to_bytes(read_arguments("supply", GIVEN, products=supply))


def test_numbers_stay_plain_and_names_that_look_like_numbers_are_quoted(supply):
    given = GIVEN | {"seller": "12", "buyer": "true", "price": "-7", "rounds": "3"}
    text = product_file("supply", given, products=supply)
    assert '  seller: "12"\n  buyer: "true"\n' in text
    assert "  price: -7\n" in text
    assert text.endswith("  rounds: 3\n")
    contract = read_arguments("supply", given, products=supply)
    assert read_contract(text, products=supply).contract == contract


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_product_is_called_by_its_examples_and_written_out(name):
    given = {each.name: each.example for each in CATALOGUE[name].parameters}
    needed = {each.name: each.example for each in CATALOGUE[name].parameters if not each.default}
    for arguments in (given, needed):
        contract = read_arguments(name, arguments)
        for text in (product_file(name, arguments), write_contract(contract)):
            assert to_bytes(read_contract(text).contract) == to_bytes(contract)
