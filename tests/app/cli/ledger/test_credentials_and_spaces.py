"""Credentials with chosen claims, members' spaces, and the scan, from the command line."""

import json
import shutil
from pathlib import Path

import pytest

ISSUE = (
    "credential issue lane-ledger roof-7 --holder home-07=c.pub --until 2090-06-01 "
    "--claim power_w=9000 --claim serial=X7-1234 --as auth-a=a.key --why inspected --out roof.vc"
)
SHOW = "credential present roof.vc --show power_w --key c.key --to dso --nonce 4711 --out shown"


@pytest.fixture
def home(lane):
    """The ledger with home-07 on it and what the authority's key is called."""
    line = "member authorise lane-ledger home-07 --role prosumer --as auth-a=a.key --why x"
    assert lane(line)[0] == 0
    issuer = lane("credential did a.pub")[1].strip()
    assert issuer.startswith("did:key:z6Mk")
    lane.check = f"credential check shown lane-ledger --issuer {issuer} --to dso --nonce 4711"
    return lane


def test_a_holder_shows_what_it_chooses_and_nothing_else(home):
    assert home(ISSUE)[0] == 0
    assert Path("roof.vc").stat().st_mode & 0o077 == 0
    assert home(SHOW)[0] == 0
    found = home(f"{home.check} --json", reads=True)
    assert (found["holds"], found["claims"]["power_w"]) == (True, 9000)
    assert "serial" not in found["claims"]
    assert "X7-1234" not in Path("shown").read_text()
    code, out, _ = home(home.check)
    assert (code, "roof-7 of home-07" in out, "power_w: 9000" in out) == (0, True, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("4711", "4712"), "another question"),
        (("dso", "bank"), "another verifier"),
        (("did:key:", "did:key:x"), "none whose word is taken"),
        (("--to", "--at 2090-07-01T00:00 --to"), "expired"),
    ],
)
def test_what_was_shown_holds_for_one_question_alone(home, change, words):
    assert home(ISSUE)[0] == home(SHOW)[0] == 0
    code, out, err = home(home.check.replace(*change))
    assert (code, out, words in err) == (1, "", True), err


def test_an_ended_credential_stands_no_more(home):
    assert home(ISSUE)[0] == home(SHOW)[0] == 0
    line = "credential end lane-ledger roof.vc --as auth-a=a.key --why dismantled"
    assert "the attestation of roof-7 is withdrawn" in home(line)[1]
    assert "was ended: withdrawn" in home(home.check)[2]
    (row,) = home("credential list lane-ledger --json", reads=True)
    assert (row["asset"], row["ended"]) == ("roof-7", "withdrawn")
    assert "ended before (withdrawn)" in home(line)[2]


def test_a_credential_by_a_domain_is_checked_by_its_document(home):
    issuer = "did:web:example.org"
    assert home(f"{ISSUE} --issuer {issuer}")[0] == home(SHOW)[0] == 0
    line = f"credential check shown lane-ledger --issuer {issuer} --to dso --nonce 4711"
    assert "nothing fetches it" in home(line)[2]
    place = Path("web/example.org/.well-known/did.json")
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(home(f"credential did b.pub --web {issuer}", reads=True)))
    assert "the signature does not hold" in home(f"{line} --documents web")[2]
    place.unlink()
    assert home(f"credential did a.pub --web {issuer} --out {place}")[0] == 0
    assert home(f"{line} --documents web")[0] == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (ISSUE.replace("power_w=9000", "power_w"), "is no claim"),
        (ISSUE.replace("serial=", "power_w="), "is no claim"),
        (ISSUE.replace("serial=", "iss="), "stands twice"),
        (ISSUE.replace("2090-06-01", "2020-06-01"), "ends after it was issued"),
        (ISSUE.replace("home-07", "home-08"), "home-08 is unknown"),
        (ISSUE.replace("home-07=c.pub", "home-07"), "names no key"),
        (ISSUE.replace("auth-a=a.key", "lane=lane.key --seal a.key"), "is not for lane to do"),
        (SHOW.replace("roof.vc", "a.pub"), "no credential"),
        ("credential did a.pub --web example", "is no did:web"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_file(home, line, words):
    code, out, err = home(line)
    assert (code, out) == (2, "")
    assert words in err or "is not a token" in err
    assert not Path("roof.vc").exists()


def test_a_claim_that_there_is_not_cannot_be_shown(home):
    assert home(ISSUE)[0] == 0
    code, _, err = home(SHOW.replace("power_w", "owner"))
    assert (code, "has no claims owner" in err) == (2, True)


def test_a_space_keeps_what_is_its_members(home):
    assert home("member space begin own home-07")[0] == 0
    code, _, err = home("member space begin own home-07")
    assert (code, "there is a space already" in err) == (2, True)
    assert home("ledger prove lane-ledger --entry 5 --out join.proof")[0] == 0
    assert home("member space keep own join.proof")[0] == 0
    assert Path("own/proofs/join.proof").read_bytes() == Path("join.proof").read_bytes()
    salts = [
        home(f"member space salt own --kind readings --period {day}")[1].strip()
        for day in ("2026-06-15", "2026-06-16", "2026-06-15")
    ]
    assert salts[0] == salts[2] != salts[1]
    assert {len(bytes.fromhex(each)) for each in salts} == {32}
    assert home("member space lend own custody")[0] == 0
    held = Path("custody/home-07.key")
    assert held.read_bytes() == Path("own/secret.key").read_bytes()
    assert home("member space reclaim own custody")[0] == 0
    assert not held.exists()


def test_the_scan_finds_what_was_put_on_a_ledger(home):
    Path("people.yaml").write_text(
        "gridpact: people/1\nholder: home-07\npeople:\n  home-07: {name: Wilhelmina Vogelsang}\n"
    )
    assert home("member space begin own home-07")[0] == 0
    line = "ledger scan lane-ledger --people people.yaml --space own"
    code, out, err = home(line)
    assert (code, "nothing personal in" in out, err) == (0, True, "")
    told = "member suspend lane-ledger home-07 --as auth-a=a.key --why 'see Vogelsang'"
    assert home(told)[0] == 0
    code, out, err = home(line)
    assert code == 1
    assert "part of the name of home-07" in err
    assert "Vogelsang" not in out + err
    shutil.copy("own/secret.key", "note")
    assert "secret of home-07" in home(f"{line} --also note")[2]
    assert "nothing to look for" in home("ledger scan lane-ledger")[2]
