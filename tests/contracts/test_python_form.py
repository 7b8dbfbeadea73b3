"""Contracts as Python modules that build the same bytes; random ones are in ``sheet``."""

import pytest

from gridpact.contracts.canonical import terms_hash, to_bytes
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files import read_arguments
from gridpact.contracts.formulas import at_end, minimum
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.products import CATALOGUE
from gridpact.contracts.python_form import to_python
from gridpact.contracts.terms import All, deliver, either, pay, sale, until, when, within
from gridpact.contracts.times import Between, LocalTime

GENERATION, SPOT = Series("metered:generation", "Wh"), Series("spot", "micro/kWh")
SALE = sale(minimum(GENERATION, 20_000), SPOT, "park", "bakery", "energy", "EUR")
FEE = pay(Const(5 * 10**9, "nano") * at_end("month@UTC"), "bakery", "park", "fee", "EUR")

TEXT = '''"""Terms with the keccak-256 {digest}."""

from gridpact.contracts.formulas import at_end, minimum
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import pay, sale, until, within
from gridpact.contracts.times import Between

# from 2026-07-01 00:00 UTC until 2026-08-01 00:00 UTC
window = Between(1_782_864_000, 1_785_542_400)
metered_generation = Series("metered:generation", "Wh")
spot = Series("spot", "micro/kWh")
contract = (
    within(
        window,
        sale(
            minimum(metered_generation, 20_000),
            spot,
            seller="park",
            buyer="bakery",
            kind="energy",
            currency="EUR",
        ),
    )
    + until(
        spot >= 200_000,
        pay(
            Const(5_000_000_000, "nano") * at_end("month@UTC"),
            payer="bakery",
            payee="park",
            kind="fee",
            currency="EUR",
        ),
    )
)
'''


def executed(text):
    found = {}
    exec(compile(text, "contract.py", "exec"), found)  # noqa: S102 - what was just written
    return found["contract"]


def test_a_module_reads_as_one_would_write_it():
    window = Between(1782864000, 1785542400)
    contract = within(window, SALE) + until(SPOT >= 200_000, FEE)
    text = to_python(contract)
    assert text == TEXT.format(digest=terms_hash(contract).hex())
    assert executed(text) == contract


@pytest.mark.parametrize(
    ("contract", "call"),
    [
        (either("go", "bakery", SALE, FEE, 3600), '"go",'),
        (when(SPOT >= 5, FEE), "when("),
        (deliver(GENERATION, "park", "bakery", "certificate:GO"), 'asset="certificate:GO"'),
        (All((FEE,)), "All(("),
        (All(()), "All(())"),
        (All((SALE,) * 30), "All(("),
        (within(LocalTime("UTC", (4, 5, 6), (1, 3), 0, 3600), FEE), "months=tuple(range(4, 7))"),
        (pay(-SPOT * GENERATION, "if", "contract", "1", "EUR"), "(0 - spot) * metered_generation"),
        (pay(Series("class", "nano"), "a", "b", "x", "EUR"), "class_2 = Series("),
        (pay(Series("2nd", "nano"), "a", "b", "x", "EUR"), "value_2nd = Series("),
    ],
)
def test_each_form_has_its_own_call(contract, call):
    text = to_python(contract)
    assert call in text
    assert to_bytes(executed(text)) == to_bytes(contract)


def test_a_long_profile_is_broken_into_lines():
    contract = sale(Profile(0, 900, tuple(range(5000, 5400)), "Wh"), SPOT, "a", "b", "x", "EUR")
    text = to_python(contract)
    assert max(map(len, text.splitlines())) <= 100
    assert executed(text) == contract


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_module_of_each_product_builds_the_same_bytes(name):
    contract = read_arguments(name, {p.name: p.example for p in CATALOGUE[name].parameters})
    text = to_python(contract)
    assert to_bytes(executed(text)) == to_bytes(contract)
    assert max(map(len, text.splitlines())) <= 100


def test_terms_that_cannot_be_settled_have_no_module():
    with pytest.raises(IllFormed, match="counts in Wh"):
        to_python(sale(SPOT, SPOT, "a", "b", "energy", "EUR"))
