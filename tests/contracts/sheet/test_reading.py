"""What a reader of term sheets refuses, and what it says."""

import re
from itertools import pairwise

import pytest

from gridpact.base.errors import BadInput
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import at_end, minimum
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.sheet import from_term_sheet, parts, term_sheet
from gridpact.contracts.terms import pay, sale

GENERATION = Series("metered:generation", "Wh")
SPOT = Series("spot", "micro/kWh")
CONTRACT = sale(minimum(GENERATION, 20_000), SPOT, "solar-park", "bakery", "energy", "EUR") + pay(
    Const(5 * 10**9, "nano") * at_end("month@Europe/Berlin"), "bakery", "solar-park", "fee", "EUR"
)
SHEET = term_sheet(CONTRACT, "Park sells to bakery")


def faults(text):
    with pytest.raises(BadInput) as caught:
        from_term_sheet(text, "offer.txt")
    return [str(fault) for fault in caught.value.faults]


def line_of(text):
    return next(n for n, line in enumerate(SHEET.splitlines(), 1) if text in line)


def test_the_title_and_the_breaks_of_lines_are_no_terms():
    assert from_term_sheet(SHEET) == CONTRACT
    retitled = SHEET.replace("Park sells to bakery", "An offer")
    assert from_term_sheet(retitled) == CONTRACT
    assert from_term_sheet(SHEET.replace("energy to", "energy\n      to")) == CONTRACT
    assert from_term_sheet(SHEET.replace("\n", "\r\n")) == CONTRACT


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("20 kWh", "21 kWh"),
        ("the smaller of", "the larger of"),
        ("5 EUR", "6 EUR"),
        ("bakery pays solar-park", "solar-park pays bakery"),
        ("month in", "year in"),
        ("as 'fee'", "as 'fine'"),
    ],
)
def test_other_terms_do_not_agree_with_the_hash(right, wrong):
    (first, *_) = faults(SHEET.replace(right, wrong))
    digest = line_of("keccak-256):")
    assert first.startswith(f"offer.txt:{digest}: the terms below have the hash ")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("to the even one", "upwards"),
        ("solar-park.", "wind-park."),
        ("watt-hours.", "kilowatt-hours."),
        ("goes the other way", "is nothing"),
    ],
)
def test_other_words_around_the_terms_are_refused_with_their_line(right, wrong):
    found = re.search(r"\s+".join(map(re.escape, right.split())), SHEET)
    line = SHEET.count("\n", 0, found.start()) + 1
    (only,) = faults(SHEET[: found.start()] + wrong + SHEET[found.end() :])
    assert only.startswith(f"offer.txt:{line}: ")
    assert "stands where the sheet of these terms has" in only


def test_each_fault_is_told_with_its_line():
    broken = SHEET.replace("sells energy to", "sells power of").replace("[Wh]", "Wh of")
    sells, measured = line_of("sells energy"), line_of("[Wh]")
    fix = "Fix: restore the sheet as it was written."
    verb = "expected sells, delivers or pays, found “gives”"
    assert faults(broken.replace("bakery pays", "bakery gives")) == [
        f"offer.txt:{sells}: expected “to”, found “of”. {fix}",
        f"offer.txt:{line_of('bakery pays')}: {verb}. {fix}",
        f"offer.txt:{measured}: expected “,”, found “of”. {fix}",
    ]


def test_a_sheet_without_its_parts_is_refused():
    assert "“What is promised in each slot” is missing" in faults("")[0]
    assert "does not begin with TERM SHEET" in faults(SHEET.replace("TERM SHEET", "SHEET"))[0]
    hashless = "\n".join(line for line in SHEET.splitlines() if "keccak-256)" not in line)
    assert "the hash of the terms is not 64 digits" in faults(hashless)[0]
    assert (
        "series metered:generation is not on the sheet"
        in faults(SHEET.replace("  metered:generation [Wh], in watt-hours.\n", ""))[0]
    )
    assert "comes twice" in faults(SHEET + "\nData\n")[0]
    assert "characters" in faults(" " * (17 * 1024 * 1024))[0]


def promising(amount, *definitions):
    """A sheet of one payment, with definitions of one's own."""
    head = f"TERM SHEET\n\nParties: a and b.\nTerms agreed (keccak-256): {'0' * 64}\n\n"
    promise = f"What is promised in each slot\n  1. a pays b: {amount}, in EUR as 'x'.\n"
    return f"{head}{promise}\nDefinitions\n" + "\n".join(definitions)


def test_hostile_sheets_are_refused_soon():
    assert "needs itself" in faults(promising("(A)", "(A) is (B) plus 1 nano.", "(B) is (A)."))[0]
    names = [f"({chr(65 + i % 26) * (1 + i // 26)})" for i in range(62)]
    doubled = [f"{a} is {b} plus {b}." for a, b in pairwise(names)]
    assert "bytes" in faults(promising("(A)", *doubled[:50], f"{names[50]} is 1 [nano]."))[0]
    letters = ["".join(chr(65 + int(d)) for d in str(i)) for i in range(1000)]
    chain = [f"({a}) is ({b}) minus 1 [nano]." for a, b in pairwise(letters)]
    assert "nested more than" in faults(promising(f"({letters[0]})", *chain))[0]
    long = f"(A) is {' plus '.join(['1 [nano]'] * 100_000)}."
    assert "nested more than" in faults(promising("(A)", long))[0]
    assert "brackets" in faults(promising("(" * 100_000))[0]
    assert "expected" in faults(promising("1" * 100_000))[0]
    tall = "is this table from 1970-01-01 00:00 UTC until 1970-01-01+99999999d 00:00 UTC, else 0,"
    table = f"(A) {tall} in steps of 1 second: 1970-01-01: 00:00 1 [nano]."
    assert "do not agree with its steps" in faults(promising("(A)", table))[0]


def test_shared_terms_take_room_once():
    term = GENERATION
    for _ in range(40):
        term = term + term
    shared = parts(sale(term, SPOT, "a", "b", "energy", "EUR"))
    assert len(shared.definitions) == 39
    assert sum(map(len, shared.definitions)) < 40 * 30
    with pytest.raises(IllFormed, match="bytes"):
        term_sheet(sale(term, SPOT, "a", "b", "energy", "EUR"))
    term = GENERATION
    for _ in range(12):
        term = term + term
    contract = sale(term, SPOT, "a", "b", "energy", "EUR")
    text = term_sheet(contract)
    assert len(text) < 5_000
    assert to_bytes(from_term_sheet(text)) == to_bytes(contract)


def test_terms_that_cannot_be_settled_have_no_sheet():
    with pytest.raises(IllFormed, match="counts in Wh"):
        term_sheet(sale(SPOT, SPOT, "a", "b", "energy", "EUR"))
    two = sale(GENERATION, Series("metered:generation", "micro/kWh"), "a", "b", "energy", "EUR")
    with pytest.raises(IllFormed, match="two units"):
        term_sheet(two)
    with pytest.raises(IllFormed, match="title"):
        term_sheet(CONTRACT, "An offer\n1. Nothing is promised.")
