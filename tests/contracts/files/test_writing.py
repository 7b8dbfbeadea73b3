"""Contracts written as files read back to the same bytes; Python and YAML agree."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gridpact.contracts.canonical import from_bytes, terms_hash, to_bytes
from gridpact.contracts.errors import IllFormed, UnitMismatch
from gridpact.contracts.files import read_contract, write_contract
from gridpact.contracts.formulas import at_end, decision, maximum, minimum, nominated, share
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import Const, Fold, Op, Profile, Series
from gridpact.contracts.terms import (
    All,
    One,
    Scale,
    deliver,
    either,
    give,
    pay,
    sale,
    until,
    when,
    within,
)

quick = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SAMPLES = sorted((Path(__file__).parents[2] / "cases" / "contracts").glob("*.json"))
GEN = Series("metered:generation", "Wh")
GAS = Series("index:gas", "micro/kWh")
SPOT = Series("spot", "micro/kWh")
FEE = pay(Const(10**9, "nano"), "bakery", "solar-park", "fee", "EUR")


def returns(contract, title=""):
    text = write_contract(contract, title)
    found = read_contract(text)
    assert to_bytes(found.contract) == to_bytes(contract), text
    assert terms_hash(found.contract) == terms_hash(contract)
    assert found.title == title
    return text


@quick
@given(data=st.data())
def test_any_contract_reads_back_to_the_same_bytes(random, data):
    contract = data.draw(random.contracts())
    try:
        legs(contract)
        needs(contract)
        to_bytes(contract)
    except IllFormed:
        assume(False)
    text = returns(contract)
    assert write_contract(read_contract(text).contract) == text


@quick
@given(data=st.data())
def test_any_observable_reads_back(random, data):
    unit = data.draw(st.sampled_from(random.units))
    amount = data.draw(random.observables(unit, 3))
    factor = Op("muldiv", (Const(1, "nano"), amount, Const(7, unit)))
    returns(pay(factor, "a", "b", "k", data.draw(st.sampled_from(["EUR", "CHF"]))))


@quick
@given(title=st.text(max_size=200).filter(str.isprintable))
def test_any_title_reads_back(title):
    returns(FEE, title)


@pytest.mark.parametrize("title", ["one\ntwo", "\x1b[2J", "\ud800", "x" * 201])
def test_what_is_no_title_is_not_written(title):
    with pytest.raises(IllFormed, match="a title"):
        write_contract(FEE, title)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_terms_agreed_before_read_back(path):
    returns(from_bytes(path.read_bytes().rstrip()))


def terms(*clauses, head=""):
    body = "\n".join(f"  - {clause}" for clause in clauses)
    return (
        "gridpact: contract/1\ncurrency: EUR\nparties: [solar-park, bakery]\n"
        "series: {metered:generation: Wh, index:gas: micro/kWh, spot: micro/kWh}\n"
        f"{head}terms:\n{body}\n"
    )


SALE = sale(
    minimum(GEN, Const(20_000, "Wh")),
    maximum(Const(50_000, "micro/kWh") + share(GAS, 400_000), 40_000),
    "solar-park",
    "bakery",
    "energy",
    "EUR",
)
EXERCISE = decision("exercise", "bakery", 3600)
NOMINATION = nominated("nomination", "bakery", Const(20_000, "Wh"), 86_400)
SALE_TEXT = (
    "sale: {quantity: 'min(metered:generation, 20 kWh)', seller: solar-park, buyer: bakery, "
    "price: 'max(50 EUR/MWh + share(index:gas, 40 %), 40 EUR/MWh)', kind: energy}"
)
FEE_TEXT = "pay: {amount: 1 EUR, payer: bakery, payee: solar-park, kind: fee}"
HIGH = SPOT >= 80_000


@pytest.mark.parametrize(
    ("contract", "text"),
    [
        (SALE, terms(SALE_TEXT)),
        (SALE + FEE, terms(SALE_TEXT, FEE_TEXT)),
        (All((FEE,)), terms(f"all: [{FEE_TEXT}]")),
        (All(()), terms("all: []")),
        (
            pay(Const(5 * 10**9, "nano") * at_end("month@Europe/Berlin"), "bakery", "solar-park",
                "fee", "EUR"),
            terms("pay: {amount: 5 EUR * at_end(month@Europe/Berlin), payer: bakery, "
                  "payee: solar-park, kind: fee}"),
        ),
        (
            deliver(GEN, "solar-park", "bakery", "certificate:GO:2026"),
            terms("deliver: {quantity: metered:generation, giver: solar-park, taker: bakery, "
                  "asset: certificate:GO:2026}"),
        ),
        (within(HIGH, FEE), terms(f"within: {{mask: spot >= 80 EUR/MWh, terms: [{FEE_TEXT}]}}")),
        (when(HIGH, FEE), terms(f"when: {{condition: spot >= 80 EUR/MWh, terms: [{FEE_TEXT}]}}")),
        (until(HIGH, FEE), terms(f"until: {{condition: spot >= 80 EUR/MWh, terms: [{FEE_TEXT}]}}")),
        (
            either("x", "bakery", FEE, All(()), 3600),
            terms(f"either: {{label: x, by: bakery, notice: 1 h, one: [{FEE_TEXT}], other: []}}"),
        ),
        (give(FEE), terms(f"give: [{FEE_TEXT}]")),
        (
            Scale(NOMINATION, One("energy", "solar-park", "bakery")),
            terms(
                "scale: {by: nomination, terms: [one: {asset: energy, giver: solar-park, "
                "taker: bakery}]}",
                head="choices: {nomination: {by: bakery, high: 20 kWh, notice: 1 d}}\n",
            ),
        ),
        (
            within(EXERCISE * (1 - HIGH), FEE),
            terms(
                f"within: {{mask: exercise and not spot >= 80 EUR/MWh, terms: [{FEE_TEXT}]}}",
                head="choices: {exercise: {by: bakery, yes_no: true, notice: 1 h}}\n",
            ),
        ),
    ],
)  # fmt: skip
def test_python_and_yaml_have_the_same_bytes(contract, text):
    assert to_bytes(read_contract(text).contract) == to_bytes(contract)
    returns(contract)


def test_a_written_contract_reads_like_a_term_sheet():
    contract = SALE + within(HIGH, FEE) + deliver(SALE.by, "solar-park", "bakery", "certificate:GO")
    assert write_contract(contract, "Park sells to bakery") == (
        "gridpact: contract/1\n"
        "title: Park sells to bakery\n"
        "currency: EUR\n"
        "parties: [solar-park, bakery]\n"
        "series:\n"
        "  index:gas: micro/kWh\n"
        "  metered:generation: Wh\n"
        "  spot: micro/kWh\n"
        "define:\n"
        "  energy: min(metered:generation, 20 kWh)\n"
        "terms:\n"
        "  - sale:\n"
        "      quantity: energy\n"
        "      price: max(0.05 EUR/kWh + share(index:gas, 40 %), 0.04 EUR/kWh)\n"
        "      seller: solar-park\n"
        "      buyer: bakery\n"
        "      kind: energy\n"
        "  - within:\n"
        "      mask: spot >= 0.08 EUR/kWh\n"
        "      terms:\n"
        "        - pay: {amount: 1 EUR, payer: bakery, payee: solar-park, kind: fee}\n"
        "  - deliver: {quantity: energy, giver: solar-park, taker: bakery, asset: certificate:GO}\n"
    )


def test_the_deepest_terms_that_the_wire_allows_read_back():
    contract = deliver(Const(1, "Wh"), "a", "b", "energy")
    for _ in range(30):
        contract = All((Scale(Const(2, "1"), contract),))
    assert "part: part2" in returns(contract)
    amount = Const(3, "nano")
    for level in range(60):
        amount = Op("-", (Const(level, "nano"), amount))
    returns(pay(amount, "a", "b", "k", "EUR"))
    folded = Const(3, "nano")
    for _ in range(61):
        folded = Fold("running", "all", folded)
    returns(pay(folded, "a", "b", "k", "EUR"))


def test_a_profile_of_a_year_reads_back():
    quarters = Profile(1_767_222_000, 900, tuple(range(35_040)), "Wh")
    returns(deliver(quarters, "a", "b", "energy"))


def test_terms_that_do_not_hold_together_are_not_written():
    with pytest.raises(UnitMismatch):
        write_contract(pay(GEN, "a", "b", "k", "EUR"))
    other = replace(GEN, unit="W")
    with pytest.raises(IllFormed, match="two units"):
        write_contract(deliver(GEN, "a", "b", "energy") + deliver(other, "a", "b", "capacity"))
    huge = All(tuple(One("energy", "a" * 120, "b" * 120) for _ in range(20_000)))
    with pytest.raises(IllFormed, match="bytes"):
        write_contract(huge)


def test_the_bytes_that_were_agreed_are_found_again_from_a_file():
    contract = SALE + FEE
    assert from_bytes(to_bytes(read_contract(write_contract(contract)).contract)) == contract
