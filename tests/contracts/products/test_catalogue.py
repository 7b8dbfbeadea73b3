"""The catalogue declares each product as its function is, and its examples make a contract."""

import inspect
from importlib import import_module
from pkgutil import iter_modules

import pytest

from gridpact.base.errors import BadInput
from gridpact.contracts import products
from gridpact.contracts.files import product_file, read_arguments, read_contract
from gridpact.contracts.legs import legs
from gridpact.contracts.products import CATALOGUE

each_product = pytest.mark.parametrize("product", CATALOGUE.values(), ids=CATALOGUE)


def test_every_declared_product_is_in_the_catalogue_once():
    modules = [
        import_module(f"{products.__name__}.{found.name}")
        for found in iter_modules(products.__path__)
    ]
    declared = [product for module in modules for product in getattr(module, "PRODUCTS", ())]
    names = [product.name for product in declared]
    assert sorted(names) == sorted(CATALOGUE)
    assert [CATALOGUE[name] for name in names] == declared


@each_product
def test_parameters_are_the_arguments_of_the_function(product):
    arguments = inspect.signature(product.build).parameters.values()
    required = {found.name for found in arguments if found.default is inspect.Parameter.empty}
    declared = [parameter.name for parameter in product.parameters]
    assert len(set(declared)) == len(declared)
    assert required <= set(declared) <= {found.name for found in arguments}
    assert product.summary.endswith(".")
    assert product.source


@each_product
def test_examples_make_a_contract_and_the_same_one_in_a_file(product):
    given = {parameter.name: parameter.example for parameter in product.parameters}
    contract = read_arguments(product.name, given)
    assert legs(contract)
    assert read_contract(product_file(product.name, given)).contract == contract


@each_product
def test_a_missing_argument_is_named(product):
    needed = [parameter for parameter in product.parameters if parameter.default is None]
    for left_out in needed:
        given = {
            parameter.name: parameter.example
            for parameter in product.parameters
            if parameter is not left_out
        }
        with pytest.raises(BadInput) as caught:
            read_arguments(product.name, given)
        assert any(left_out.name in str(fault) for fault in caught.value.faults)
