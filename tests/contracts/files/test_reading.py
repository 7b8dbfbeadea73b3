"""Contract files are read whole, or refused with every fault at its place."""

from pathlib import Path
from time import process_time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.files import read_contract
from gridpact.contracts.formulas import decision, muldiv, nominated
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import All, deliver, pay, sale, within

FOLDER = Path(__file__).parents[2] / "cases" / "contract_files"
FAULTY = sorted(folder.name for folder in FOLDER.glob("faulty-*"))
HEAD = "gridpact: contract/1\ncurrency: EUR\nparties: [solar-park, bakery]\n"
FEE = "pay: {amount: 1 EUR, payer: bakery, payee: solar-park, kind: fee}"


def faults(source, **options):
    with pytest.raises(BadInput) as caught:
        read_contract(source, **options)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_file_lists_everything_at_once(name, supply):
    found = faults(FOLDER / name / "contract.yaml", products=supply)
    shown = [fault.replace(f"{FOLDER / name}/", "") for fault in found]
    assert shown == (FOLDER / name / "expected.txt").read_text("utf-8").splitlines()


def test_there_are_folders_for_every_kind_of_fault():
    assert len(FAULTY) >= 12


def test_a_file_says_more_than_its_terms():
    text = f"{HEAD}title: A fee\nterms:\n  - {FEE}\n"
    found = read_contract(text)
    assert found.title == "A fee"
    assert found.currency == "EUR"
    assert found.parties == ("solar-park", "bakery")
    assert found.product is None
    assert found.contract == pay(Const(10**9, "nano"), "bakery", "solar-park", "fee", "EUR")
    untitled = read_contract(text.replace("title: A fee\n", ""))
    assert to_bytes(untitled.contract) == to_bytes(found.contract)


def test_a_short_file_is_its_product(supply):
    text = (
        "gridpact: contract/1\nseries: {spot: micro/kWh}\nproduct: supply\n"
        "with: {seller: solar-park, buyer: bakery, quantity: 10 kWh, price: spot, currency: CHF}\n"
    )
    found = read_contract(text, products=supply)
    quantity, price = Const(10_000, "Wh"), Series("spot", "micro/kWh")
    assert found.contract == sale(quantity, price, "solar-park", "bakery", "supply", "CHF")
    assert (found.product, found.currency) == ("supply", "CHF")
    assert found.parties == ("solar-park", "bakery")


def test_choices_and_definitions_may_use_one_another_in_any_order():
    text = (
        f"{HEAD}series: {{load: Wh}}\n"
        "choices:\n"
        "  n: {by: bakery, high: most, notice: 1 d}\n"
        "  load: {by: bakery, yes_no: true, notice: 0}\n"
        "define: {most: half + 5, half: 'muldiv(load, 1, 2)', named: n}\n"
        "terms:\n"
        "  - deliver: {quantity: named, giver: solar-park, taker: bakery, asset: energy}\n"
        f"  - within: {{mask: 'choice:load', terms: [{FEE}]}}\n"
    )
    load = Series("load", "Wh")
    most = muldiv(load, Const(1, "1"), Const(2, "1")) + 5
    expected = deliver(nominated("n", "bakery", most, 86_400), "solar-park", "bakery", "energy")
    fee = pay(Const(10**9, "nano"), "bakery", "solar-park", "fee", "EUR")
    expected += within(decision("load", "bakery", 0), fee)
    assert read_contract(text).contract == expected


def test_a_clause_may_have_its_own_currency():
    text = (
        f"{HEAD}terms:\n"
        "  - within:\n"
        "      mask: between(2026-01-01T00:00Z, 2027-01-01T00:00Z)\n"
        "      currency: CHF\n"
        "      terms:\n"
        "        - pay: {amount: 1 CHF, payer: bakery, payee: solar-park, kind: fee}\n"
        f"        - {FEE.replace('}', ', currency: EUR}')}\n"
    )
    (first, second) = read_contract(text).contract.of.parts
    assert (first.of.asset, second.of.asset) == ("money:CHF/fee", "money:EUR/fee")


def test_parts_and_includes_are_contracts_by_name(tmp_path):
    (tmp_path / "fees").mkdir()
    (tmp_path / "fees" / "one.yaml").write_text(f"{HEAD}terms: [{{{FEE}}}]\n")
    (tmp_path / "fees" / "two.yaml").write_text(f"{HEAD}terms: [include: one.yaml]\n")
    (tmp_path / "contract.yaml").write_text(
        f"{HEAD}parts: {{twice: [part: once, part: once], once: [{{{FEE}}}]}}\n".replace(
            "[part: once, part: once]", "[{part: once}, {part: once}]"
        )
        + "terms: [{part: twice}, {include: fees/one.yaml}, {include: fees/two.yaml}]\n"
    )
    fee = pay(Const(10**9, "nano"), "bakery", "solar-park", "fee", "EUR")
    found = read_contract(tmp_path / "contract.yaml")
    assert found.contract == All((All((fee, fee)), fee, fee))


def test_no_link_leads_out_of_the_folder(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.yaml").write_text(f"{HEAD}terms: [{{{FEE}}}]\n")
    (inside / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (inside / "contract.yaml").write_text(f"{HEAD}terms: [include: link.yaml]\n")
    (fault,) = faults(inside / "contract.yaml")
    assert "leads out of the folder" in fault


def test_a_file_that_includes_itself_is_a_circle(tmp_path):
    path = tmp_path / "self.yaml"
    path.write_text(f"{HEAD}terms: [include: self.yaml]\n")
    (fault,) = faults(path)
    assert "self.yaml includes self.yaml" in fault


def test_a_text_includes_nothing():
    (fault,) = faults(f"{HEAD}terms: [include: other.yaml]\n")
    assert "text includes no files" in fault


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path):
    (fault,) = faults(tmp_path / "absent.yaml")
    assert "no such file" in fault
    (tmp_path / "empty.yaml").write_text("")
    (fault,) = faults(tmp_path / "empty.yaml")
    assert "is empty" in fault


def test_a_file_of_10_mb_is_refused_unread(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * 10_000_000)
    (fault,) = faults(path)
    assert "it has more than 4,194,304 bytes" in fault


def test_the_start_of_a_wrong_expression_is_told_by_line_and_column():
    text = f"{HEAD}define:\n  fee: |\n    max(1 EUR,\n        2 EURO)\nterms: []\n"
    (fault,) = faults(text, file="fee.yaml")
    assert fault.startswith("fee.yaml:5: define.fee: line 2, column 5: unit 'EURO' is not known")


def test_a_comma_in_braces_is_one_fault():
    text = f"{HEAD}terms: [pay: {{amount: max(1 EUR, 2 EUR), payer: bakery, payee: solar-park, "
    (fault,) = faults(text + "kind: fee}]\n")
    assert "put the whole in quotes" in fault


BOMBS = {
    "aliases": "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]\n"
        for below, name in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "nesting": f"{HEAD}terms: {'[' * 10_000}{']' * 10_000}\n",
    "clauses": f"{HEAD}terms:\n  - all: &a [{', '.join(['{all: []}'] * 90)}]\n"
    + "".join(
        f"  - all: &{name} [{', '.join([f'{{all: *{below}}}'] * 90)}]\n"
        for below, name in zip("abc", "bcd", strict=True)
    ),
    "expressions": f"{HEAD}define:\n  long: &l '{'(1 + 2) * ' * 100_000}'\n"
    + "".join(f"  x{i}: *l\n" for i in range(1000))
    + "terms:\n"
    + "".join(
        f"  - deliver: {{quantity: *l, giver: bakery, taker: bakery, asset: energy}} # {i}\n"
        for i in range(100)
    ),
    "payments": f"{HEAD}define:\n  p: profile(2026-01-01T00:00Z, 1 h, [{'1, ' * 99_999}1], Wh)\n"
    "terms:\n"
    + "  - deliver: {quantity: p, giver: bakery, taker: solar-park, asset: energy}\n"
    * 5000,
    "strangers": f"{HEAD}series: {{{', '.join(f'load-{i}: Wh' for i in range(5000))}}}\nterms:\n"
    + "".join(
        f"  - deliver: {{quantity: lood{i}, giver: b, taker: c, asset: energy}}\n"
        for i in range(5000)
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_seconds(name):
    began = process_time()
    found = faults(BOMBS[name])
    assert process_time() - began < 60  # some five; what is meant is that it ends
    assert 1 <= len(found) <= 1001


def test_a_thousand_clauses_are_read_at_once():
    clauses = "".join(
        f"  - sale: {{quantity: 'min(load, {i} kWh)', price: 'max(spot + {i} EUR/MWh, 0)', "
        "seller: solar-park, buyer: bakery, kind: energy}\n"
        for i in range(1, 1001)
    )
    text = f"{HEAD}series: {{load: Wh, spot: micro/kWh}}\nterms:\n{clauses}"
    began = process_time()
    found = read_contract(text)
    assert process_time() - began < 30  # about half a second; the machine of a test may be slow
    assert len(found.contract.parts) == 1000


GOOD = (
    f"{HEAD}series: {{load: Wh, spot: micro/kWh}}\n"
    "choices:\n  n: {by: bakery, low: 0, high: most, notice: 1 d}\n"
    "define:\n  most: max(load, 20 kWh)\n"
    "terms:\n"
    "  - sale: {quantity: n, price: spot, seller: solar-park, buyer: bakery, kind: energy}\n"
    "  - within:\n      mask: not spot >= 80 EUR/MWh and at_end(day@UTC)\n"
    f"      terms: [{{{FEE}}}]\n"
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    at=st.integers(0, len(GOOD)),
    cut=st.integers(0, 12),
    paste=st.text(alphabet="aeZ01 .,:;(){}[]<>=+-*/%&!|'\"#@\n\t\x00ß¤", max_size=6),
)
@example(at=0, cut=0, paste="")
def test_a_damaged_file_is_read_or_refused_and_nothing_else(at, cut, paste):
    text = GOOD[:at] + paste + GOOD[at + cut :]
    told = []
    try:
        to_bytes(read_contract(text).contract)
    except BadInput as error:
        told = [bool(fault.problem and fault.fix) for fault in error.faults] or [False]
    assert all(told)
