"""``sign --amends``: another version of what was signed."""

import json

import pytest

from gridpact.agreements.documents import verify
from gridpact.agreements.files import read_signed
from gridpact.agreements.typed_data import digest

PARK = ("--key", "solar-park.key")
AMEND = ("contract", "sign", "swing.yaml", "--amends", "roof.json")
MIDDLE = ("--start", "2026-07-15T00:00Z")


@pytest.fixture
def old(called, desk, done, keys):
    """A document of both parties, for July by the hour."""
    keys(called)
    propose = ("roof.yaml", *PARK, "--as", "solar-park", "--party", "bakery=bakery.address")
    july = ("--start", "2026-07-01T00:00Z", "--end", "2026-08-01T00:00Z", "--step", "1 h")
    also = ("--leave-after", "30 d", "--authority", "dso")
    done(called("contract", "sign", *propose, *july, *also, "-q"))
    done(called("contract", "sign", "roof.json", "--key", "bakery.key", "-q"))
    return read_signed(desk / "roof.json").agreement


def test_the_next_version_names_the_old_one_and_keeps_what_is_not_said(old, called, desk, done):
    told = json.loads(done(called(*AMEND, *PARK, *MIDDLE, "--out", "two.json", "--json")))
    assert (told["id"], told["version"]) == ("roof", 2)
    found = read_signed(desk / "two.json").agreement
    assert found.previous == digest(old)
    kept = ("id", "parties", "step", "end", "termination_notice_s", "authority")
    assert all(getattr(found, name) == getattr(old, name) for name in kept)
    assert found.start == found.offer_until == old.start + 14 * 86_400
    assert found.terms_hash != old.terms_hash
    done(called("contract", "sign", "two.json", "--key", "bakery.key", "-q"))
    assert all(check.holds for check in verify(read_signed(desk / "two.json")))
    done(called("contract", "sign", "roof.yaml", "--amends", "two.json", *PARK, *MIDDLE, "--force"))
    assert read_signed(desk / "roof.json").agreement.version == 3


def test_what_is_said_is_another(old, called, desk, done):
    more = ("--leave-after", "never", "--authority", "", "--step", "15 min")
    end = ("--end", "2026-09-01T00:00Z", "--offer-until", "2026-07-10T00:00Z")
    done(called("contract", "key", "new", "mill.key"))
    party = ("--party", "mill=mill.address", "--out", "two.json")
    done(called(*AMEND, *PARK, *MIDDLE, *more, *end, *party))
    found = read_signed(desk / "two.json").agreement
    assert (found.termination_notice_s, found.authority, found.step) == (-1, "", 900)
    assert found.names == ("solar-park", "bakery", "mill")
    assert (found.end, found.offer_until) == (old.end + 31 * 86_400, old.start + 9 * 86_400)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ((*MIDDLE, "--id", "other"), "roof.json: id: 'other' is not 'roof'"),
        (("--start", "2026-06-30T23:00Z"), "roof.json: start: 2026-06-30T23:00:00Z is not within"),
        ((*MIDDLE, "--as", "bakery"), "stands for 2 parties"),
        ((), "--start: is missing"),
    ],
)
def test_what_cannot_take_over(old, called, desk, refused, tree, more, problem):
    assert old.version == 1
    told = "\n".join(refused(called(*AMEND, *PARK, *more, "--out", "x.json"), desk, tree(desk)))
    assert problem in told


def test_a_new_wallet_needs_a_new_agreement(old, called, desk, done, refused, tree):
    assert old.version == 1
    done(called("contract", "key", "new", "mill.key"))
    more = ("--party", "bakery=mill.address", "--out", "x.json")
    (fault,) = refused(called(*AMEND, *PARK, *MIDDLE, *more), desk, tree(desk))
    assert "roof.json: parties: bakery is left out, or has another wallet" in fault


def test_only_what_binds_is_amended(old, called, desk, refused, tree):
    whole = json.loads((desk / "roof.json").read_text())
    del whole["signatures"][1]
    (desk / "roof.json").write_text(json.dumps(whole))
    told = refused(called(*AMEND, *PARK, *MIDDLE, "--out", "x.json"), desk, tree(desk))
    assert [fault.split(". Fix")[0] for fault in told] == [
        f"roof.json: signature of {old.names[1]}: has not signed"
    ]
