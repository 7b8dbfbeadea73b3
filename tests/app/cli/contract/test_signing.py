"""``gridpact contract`` signs and verifies agreements, with keys of their parties."""

import json
import re
import stat

import pytest

JULY = ("--start", "2026-07-01T00:00+02:00", "--end", "2026-08-01T00:00+02:00")
PROPOSE = ("roof.yaml", "--key", "bakery.key", "--as", "bakery")
OTHER = "solar-park=solar-park.address"


def test_two_parties_sign(called, desk, done, row, keys):
    addresses = keys(called)
    for party, address in addresses.items():
        assert re.fullmatch(r"0x[0-9a-fA-F]{40}", address)
        assert (desk / f"{party}.address").read_text() == address + "\n"
        assert stat.S_IMODE((desk / f"{party}.key").stat().st_mode) == 0o600
        assert done(called("contract", "key", "show", f"{party}.key")).strip() == address
    propose = ("contract", "sign", "roof.yaml", "--key", "solar-park.key", "--as", "solar-park")
    text = done(called(*propose, "--party", "bakery=bakery.address", *JULY, "--step", "1 h"))
    assert "written to roof.json" in text
    assert row(text, "bakery")[2] == "has not signed yet"
    assert "744 slots of 1 h, 2026-06-30T22:00:00Z to 2026-07-31T22:00:00Z" in text
    half = called("contract", "verify", "roof.json")
    assert (half.code, half.err) == (1, "")
    assert [line for line in half.out.splitlines() if line.startswith("✗")] == [
        "✗ signature of bakery      has not signed"
    ]
    quiet = called("contract", "verify", "roof.json", "-q")
    assert (quiet.code, quiet.out.count("\n")) == (1, 1)
    text = done(called("contract", "sign", "roof.json", "--key", "bakery.key"))
    assert row(text, "bakery") == ["bakery", addresses["bakery"], "signed"]
    assert "✗" not in done(called("contract", "verify", "roof.json"))
    checks = json.loads(done(called("contract", "verify", "roof.json", "--json")))
    assert all(check["holds"] for check in checks)
    for words in (("hash",), ("show", "--as", "wire"), ("needs", "--json")):
        command, *more = words
        one, two = (called("contract", command, f, *more) for f in ("roof.json", "roof.yaml"))
        assert done(one) == done(two)


@pytest.fixture
def signed(called, desk, done, keys):
    keys(called)
    propose = ("contract", "sign", "swing.yaml", "--key", "bakery.key", "--as", "bakery")
    done(called(*propose, "--party", "solar-park=solar-park.address", *JULY, "-q"))
    done(called("contract", "sign", "swing.json", "--key", "solar-park.key", "-q"))
    return desk / "swing.json"


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ('\\"value\\":\\"95000\\"', '\\"value\\":\\"9500\\"', "terms hash"),
        ('\\"value\\":\\"95000\\"', '\\"value\\":\\"095000\\"', "terms"),
        ('"end": "1785535200"', '"end": "1785534300"', "signature of bakery"),
        ('"party": "solar-park"', '"party": "bakery"', "signature of solar-park"),
    ],
)
def test_a_changed_document_does_not_verify(signed, called, desk, old, new, check):
    text = signed.read_text()
    assert old in text
    signed.write_text(text.replace(old, new, 1))
    told = called("contract", "verify", "swing.json")
    assert (told.code, told.err) == (1, "")
    failing = [line[2:] for line in told.out.splitlines() if line.startswith("✗")]
    assert any(line.startswith(check + "  ") for line in failing), told.out


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (("roof.yaml", "--key", "bakery.key"), ["--as: is missing", "--end: is", "--start: is"]),
        (
            (*PROPOSE, *JULY),
            ["terms: 'solar-park' is named and no party", "parties: 1 named"],
        ),
        (
            (*PROPOSE, "--party", "x", *JULY),
            ["--party: 'x' is not PARTY=ADDRESS"],
        ),
        (
            (*PROPOSE, *JULY, "--party", "solar-park=0x12"),
            ["not 0x and 40 hex digits"],
        ),
        (
            (*PROPOSE, *JULY[:2], "--end", "2026-06-01T00:07Z", "--party", OTHER),
            ["--end: 2026-06-01T00:07:00Z does not begin a slot", "--end: is not after the start"],
        ),
        (
            ("swing.json", "--key", "bakery.key", "--as", "solar-park", "--step", "1 h"),
            ["--as: the key is of 0x", "--step: is fixed in a document"],
        ),
    ],
)
def test_signing_that_is_refused(signed, called, desk, arguments, problems, refused, tree):
    faults = refused(called("contract", "sign", *arguments), desk, tree(desk))
    told = "\n".join(faults)
    assert all(problem in told for problem in problems), told


def test_strangers_cannot_sign_and_keys_are_not_replaced(signed, called, desk, done, refused, tree):
    done(called("contract", "key", "new", "stranger.key"))
    before = tree(desk)
    (fault,) = refused(
        called("contract", "sign", "swing.json", "--key", "stranger.key"), desk, before
    )
    assert "is not the wallet of a party" in fault
    refused(called("contract", "key", "new", "bakery.key"), desk, before)
    (desk / "bakery.address").unlink()
    again = called("contract", "key", "new", "bakery.key")
    assert (again.code, again.out) == (3, "")
    assert (desk / "bakery.key").read_bytes() == before[desk / "bakery.key"]


def corrupted(path, party, signature):
    """Put other bytes in the place of a party's signature."""
    whole = json.loads(path.read_text())
    (found,) = [each for each in whole["signatures"] if each["party"] == party]
    found["signature"] = signature
    path.write_text(json.dumps(whole))


@pytest.mark.parametrize("key", ["bakery.key", "solar-park.key"])
def test_nobody_signs_a_document_that_was_changed(signed, called, desk, refused, tree, key):
    signed.write_text(signed.read_text().replace('"id": "swing"', '"id": "swung"'))
    (fault,) = refused(called("contract", "sign", "swing.json", "--key", key), desk, tree(desk))
    other = "solar-park" if key == "bakery.key" else "bakery"
    assert f"swing.json: {other}: the signature is of 0x" in fault
    assert f"let {other} sign again" in fault


@pytest.mark.parametrize("garbage", ["0x" + "00" * 65, "0x" + "07" * 65])
def test_signed_is_told_of_signatures_that_verify(
    signed, called, desk, done, refused, row, tree, garbage
):
    before = signed.read_text()
    corrupted(signed, "bakery", garbage)
    other = called("contract", "sign", "swing.json", "--key", "solar-park.key")
    (fault,) = refused(other, desk, tree(desk))
    assert "bakery: the signature is no signature" in fault
    text = done(called("contract", "sign", "swing.json", "--key", "bakery.key"))
    assert row(text, "bakery")[2] == row(text, "solar-park")[2] == "signed"
    assert signed.read_text() == before
    assert "✗" not in done(called("contract", "verify", "swing.json"))


def test_who_has_signed_is_told_to_programs(called, desk, done, keys):
    keys(called)
    words = (*PROPOSE, "--party", OTHER, *JULY, "--json")
    told = json.loads(done(called("contract", "sign", *words)))
    assert {each["party"]: each["signed"] for each in told["parties"]} == {
        "bakery": True,
        "solar-park": False,
    }
    half = called("contract", "verify", "roof.json")
    assert "nobody else signed       1 signature\n" in half.out


def test_an_address_is_no_key(signed, called, desk, tree):
    before = tree(desk)
    told = called("contract", "sign", "swing.json", "--key", "bakery.address")
    assert (told.code, told.out) == (3, "")
    assert "bakery.address holds an address" in told.err
    assert tree(desk) == before
