"""An ordinary wallet's way: what it signs is printed, what it signed is added."""

import json
from pathlib import Path

import pytest

from gridpact.agreements.files import read_signed
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.typed_data import digest

VECTORS = Path(__file__).parents[3] / "agreements" / "vectors" / "wallets.json"
CASES = json.loads(VECTORS.read_text())
JULY = ("--start", "2026-07-01T00:00Z", "--end", "2026-08-01T00:00Z")


def with_v(signature, first):
    """Write a signature's v as 0 or 1 from 0 on, or as 27 or 28 from 27 on."""
    return signature[:-2] + f"{int(signature[-2:], 16) - 27 + first:02x}"


@pytest.mark.parametrize("first", [0, 27])
@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case["document"]["agreement"]["id"])
def test_what_eth_account_signs_and_signed(called, desk, done, case, first):
    unsigned = {**case["document"], "signatures": []}
    (desk / "case.json").write_text(json.dumps(unsigned))
    printed = done(called("contract", "typed-data", "case.json"))
    assert json.loads(printed) == case["agreement"]["typed_data"]
    made = case["agreement"]["signatures"]
    for party, signature in reversed(made.items()):
        words = ("sign", "case.json", "--signature", with_v(signature, first), "--json")
        told = json.loads(done(called("contract", *words)))
        assert {each["party"] for each in told["parties"] if each["signed"]} >= {party}
        assert (
            json.loads(done(called("contract", "typed-data", "case.json")))
            == (case["agreement"]["typed_data"])
        )
    assert "✗" not in done(called("contract", "verify", "case.json"))
    kept = json.loads((desk / "case.json").read_text())["signatures"]
    assert {each["party"]: each["signature"] for each in kept} == made


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (lambda made: made[:-1], "--signature: is not 0x and 130 hex digits"),
        (lambda made: "0x" + made, "--signature: is not 0x and 130 hex digits"),
        (lambda _: "0x" + "00" * 65, "is no signature"),
        (lambda made: made[:-2] + "1d", "is no signature"),
        (lambda made: with_v(made, 28), "is no"),  # the other of two wallets, or none
    ],
)
def test_a_signature_that_is_refused(called, desk, refused, tree, changed, problem):
    case = CASES[0]
    (desk / "case.json").write_text(json.dumps({**case["document"], "signatures": []}))
    made = changed(case["agreement"]["signatures"]["solar-park"])
    before = tree(desk)
    (fault,) = refused(called("contract", "sign", "case.json", "--signature", made), desk, before)
    assert problem in fault


def test_a_signature_of_another_document_is_of_no_party(called, desk, refused, tree):
    one, other = CASES[:2]
    (desk / "case.json").write_text(json.dumps({**one["document"], "signatures": []}))
    made = next(iter(other["agreement"]["signatures"].values()))
    before = tree(desk)
    (fault,) = refused(called("contract", "sign", "case.json", "--signature", made), desk, before)
    assert "is of 0x" in fault
    assert "no party's wallet" in fault


@pytest.fixture
def parties(called, keys):
    """Options that name both parties' wallets."""
    return [word for pair in keys(called).items() for word in ("--party", "=".join(pair))]


def test_a_contract_is_proposed_with_no_key_at_all(called, desk, done, parties):
    propose = ("roof.yaml", *parties, *JULY)
    payload = json.loads(done(called("contract", "typed-data", *propose)))
    assert [each["name"] for each in payload["message"]["parties"]] == ["solar-park", "bakery"]
    kept = json.loads(done(called("contract", "typed-data", *propose, "--out", "roof.json")))
    assert kept == payload
    document = read_signed(desk / "roof.json")
    assert document.signatures == ()
    for party in ("bakery", "solar-park"):
        made = WalletKey.load(desk / f"{party}.key").sign(digest(document.agreement)).hex()
        done(called("contract", "sign", "roof.json", "--signature", "0x" + made, "-q"))
    assert "✗" not in done(called("contract", "verify", "roof.json"))
    # The same proposal and the signature in one step.
    words = ("sign", *propose, "--signature", "0x" + made, "--out", "again.json")
    assert "solar-park" in done(called("contract", *words))


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (("sign", "roof.yaml", "--signature", "0x12", "--as", "bakery"), ["--as: is what", "130"]),
        (("typed-data", "roof.yaml"), ["--start: is missing", "--end: is missing"]),
        (("typed-data", "roof.yaml", *JULY), ["parties: 0 named", "named and no party"]),
    ],
)
def test_what_is_told_of_the_command_line(
    called, desk, refused, tree, parties, arguments, problems
):
    told = "\n".join(refused(called("contract", *arguments), desk, tree(desk)))
    assert parties
    assert all(problem in told for problem in problems), told


@pytest.mark.parametrize("more", [(), ("--key", "bakery.key", "--signature", "0x12")])
def test_one_way_to_sign(called, desk, parties, tree, more):
    before = tree(desk)
    told = called("contract", "sign", "roof.yaml", *parties, *JULY, *more)
    assert (told.code, told.out) == (2, "")
    assert "Sign in one way" in told.err
    assert tree(desk) == before


def test_a_document_is_printed_as_it_is(called, desk, refused, tree, parties, done):
    propose = ("typed-data", "roof.yaml", *parties, *JULY, "--out", "roof.json")
    assert done(called("contract", *propose, "-q")) == ""
    words = ("typed-data", "roof.json", "--authority", "dso", "--out", "x.json")
    told = "\n".join(refused(called("contract", *words), desk, tree(desk)))
    assert "--authority: is fixed in a document" in told
    assert "--out: is for what is proposed" in told
    text = (desk / "roof.json").read_text()
    (desk / "roof.json").write_text(text.replace('\\"bakery\\"', '\\"baker\\"'))
    told = "\n".join(refused(called("contract", "typed-data", "roof.json"), desk, tree(desk)))
    assert "terms_hash" in told
