"""Documents that parties sign, read by the commands that show, hash and evaluate contracts."""

import json

import pytest

READERS = (
    ("show",),
    ("show", "--as", "yaml"),
    ("hash",),
    ("needs",),
    ("obligations",),
    ("obligations", "--on", "swing.csv"),
    ("price", "--on", "swing.csv"),
    ("value", "--scenarios", "swing-paths.csv", "--party", "bakery"),
)
TABLES = [words for words in READERS if words[-1].endswith("csv")] + [READERS[-1]]
DAYS = ("--start", "2026-06-15T00:00+02:00", "--end", "2026-06-17T00:00+02:00", "--step", "1 h")


@pytest.fixture
def proposed(called, desk, done, keys):
    """The swing contract as a document that the bakery alone has signed, for the table's days."""
    keys(called)
    words = ("contract", "sign", "swing.yaml", "--key", "bakery.key", "--as", "bakery", *DAYS)
    done(called(*words, "--party", "solar-park=solar-park.address", "-q"))
    return desk / "swing.json"


@pytest.fixture
def signed(called, done, proposed):
    done(called("contract", "sign", "swing.json", "--key", "solar-park.key", "-q"))
    return proposed


def _read(called, words, file="swing.json"):
    return called("contract", words[0], file, *words[1:])


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_what_all_have_signed_is_read_without_a_word(signed, called, words, done):
    assert done(_read(called, words))


@pytest.mark.parametrize("words", [*READERS, ("sign", "--key", "bakery.key")], ids=" ".join)
def test_terms_changed_after_signing_are_refused(signed, called, desk, words, refused, tree):
    text = signed.read_text()
    old, new = '\\"value\\":\\"95000\\"', '\\"value\\":\\"9500\\"'
    assert old in text
    signed.write_text(text.replace(old, new, 1))
    (fault,) = refused(_read(called, words), desk, tree(desk))
    assert "swing.json: agreement.terms_hash: the terms do not hash to what was signed" in fault
    assert called("contract", "verify", "swing.json").code == 1


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_what_is_not_signed_yet_is_read_with_a_warning(proposed, called, words):
    told = _read(called, words)
    assert told.code == 0
    assert told.err == (
        "warning: swing.json: not yet signed by solar-park; "
        "check it: gridpact contract verify swing.json\n"
    )
    assert told.out


def test_signatures_that_do_not_hold_are_named(signed, called):
    text = signed.read_text()
    assert '"end": "1781647200"' in text
    signed.write_text(text.replace('"end": "1781647200"', '"end": "1781643600"'))
    told = called("contract", "show", "swing.json")
    assert told.code == 0
    assert told.err.count("\n") == 1
    for party in ("bakery", "solar-park"):
        assert f"signature of {party} does not hold (is of 0x" in told.err


def test_the_agreement_stands_above_the_sheet(signed, called, done):
    sheet = done(called("contract", "show", "swing.yaml")).split("\n", 1)[1]
    lines = done(called("contract", "show", "swing.json")).splitlines()
    above = lines[: lines.index("")]
    assert [line.split("  ")[0] for line in above[:5]] == [
        *("agreement", "version", "slots of", "from", "until"),
    ]
    assert above[2].endswith("  1 h")
    assert above[3].endswith("  2026-06-14T22:00:00Z")
    assert above[4].endswith("  2026-06-16T22:00:00Z")
    assert "\n".join(lines).endswith(sheet.rstrip("\n"))
    told = json.loads(done(called("contract", "show", "swing.json", "--json")))
    assert {"label": "slots of", "text": "1 h"} in told["agreement"]


@pytest.mark.parametrize("words", TABLES, ids=" ".join)
def test_slots_of_another_length_are_refused(signed, called, desk, words, refused, tree):
    halves = [f"2026-06-15T{slot // 2:02d}:{slot % 2 * 3}0Z" for slot in range(48)]
    rows = ["slot_start,choice:exercise", *(f"{half},0" for half in halves)]
    (desk / "swing.csv").write_text("\n".join([*rows, ""]))
    rows = ["path,slot_start,spot", *(f"1,{half},50" for half in halves)]
    (desk / "swing-paths.csv").write_text("\n".join([*rows, ""]))
    (fault,) = refused(_read(called, words), desk, tree(desk))
    assert "slot_start: the table has slots of 30 min, swing has 1 h. Fix: " in fault


@pytest.mark.parametrize("words", TABLES, ids=" ".join)
def test_slots_outside_the_agreement_are_refused(called, desk, words, done, keys, refused, tree):
    keys(called)
    sign = ("contract", "sign", "swing.yaml", "--key", "bakery.key", "--as", "bakery")
    days = ("--start", "2026-06-15T02:00Z", "--end", "2026-06-17T00:00Z", "--step", "1 h")
    done(called(*sign, "--party", "solar-park=solar-park.address", *days, "-q"))
    done(called("contract", "sign", "swing.json", "--key", "solar-park.key", "-q"))
    (fault,) = refused(_read(called, words), desk, tree(desk))
    assert "swing runs from 2026-06-15T02:00:00Z until 2026-06-17T00:00:00Z, not in " in fault
