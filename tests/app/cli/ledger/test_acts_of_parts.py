"""Forms, patches, tokens and guarantees of origin, from the command line."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from gridpact.ledger.entries import parse

A, B = "--as auth-a=a.key --why x", "--as auth-b=b.key --why x"
LANE = "--as lane=lane.key --seal a.key --why x"
FORM = "5f" * 32
MINT = f"ledger token mint lane-ledger pub --token eur --units 500 --for in-1 {LANE}"
BURN = "ledger token burn lane-ledger pub --token eur"
MOVE = "ledger token transfer lane-ledger"
CANCEL = "ledger certificate cancel lane-ledger go --from pub"
ISSUE = "ledger certificate issue lane-ledger go pv-7 2026-06 --to pub --source solar --energy 2MWh"


@pytest.fixture
def street(lane):
    """The ledger with two members; says that a command was done, and returns what it told."""
    for name in ("home-07", "pub"):
        line = f"member authorise lane-ledger {name} --role prosumer --as auth-a=a.key --why x"
        assert lane(line)[0] == 0

    def done(line):
        code, out, err = lane(line)
        assert (code, err) == (0, ""), err
        return out

    done.lane = lane
    return done


def shown(street, line):
    return street.lane(f"{line} lane-ledger --json", reads=True)


def exported(street):
    street("ledger export lane-ledger --out all.jsonl")
    lines = Path("all.jsonl").read_bytes().splitlines()
    return [(parse(line), json.loads(line)) for line in lines]


def test_a_form_is_certified_once_and_withdrawn(street):
    line = f"authority form certify lane-ledger {FORM} --name sharing/2026 {A}"
    assert "form sharing/2026 is certified, by auth-a" in street(line)
    assert shown(street, "authority form list") == [{"form": FORM, "certified": True}]
    assert "is certified already" in street.lane(line)[2]
    street(f"authority form withdraw lane-ledger 0x{FORM} {B}")
    assert shown(street, "authority form list") == [{"form": FORM, "certified": False}]


def test_a_patch_needs_a_quorum_to_be_activated_and_undone(street):
    Path("rules.diff").write_text("- old\n+ new\n")
    street(f"authority patch propose lane-ledger rules/7 --content rules.diff {A}")
    (row,) = shown(street, "authority patch list")
    assert row["content"] == sha256(b"- old\n+ new\n").hexdigest()
    assert (row["status"], row["approved"]) == ("proposed", ["auth-a"])
    for step, status in (("activate", "active"), ("undo", "undone")):
        code, _, err = street.lane(f"authority patch {step} lane-ledger rules/7 {A}")
        assert (code, "of 2 authorities approved of it" in err) == (2, True)
        if step == "undo":
            street(f"authority patch approve lane-ledger rules/7 --step undo {A}")
        street(f"authority patch approve lane-ledger rules/7 --step {step} {B}")
        street(f"authority patch {step} lane-ledger rules/7 {A}")
        assert shown(street, "authority patch list")[0]["status"] == status


def test_tokens_are_what_came_in_less_what_went_out(street):
    street(MINT)
    street(f"ledger token transfer lane-ledger pub home-07 --token eur --units 200 {LANE}")
    street(f"ledger token burn lane-ledger home-07 --token eur --units 50 --for out-1 {LANE}")
    assert shown(street, "ledger token list") == {
        "supply": {"eur": 450},
        "balances": [
            {"token": "eur", "holder": "home-07", "units": 150},
            {"token": "eur", "holder": "pub", "units": 300},
        ],
    }


def test_a_guarantee_is_issued_moved_and_ended(street):
    street(f"{ISSUE} {A}")
    for words in (
        f"transfer lane-ledger go --from pub --to home-07 --energy 1.5MWh {LANE}",
        f"cancel lane-ledger go --from home-07 --energy 1MWh --for home-07/2026 {LANE}",
        f"expire lane-ledger go --from home-07 --energy 100kWh {A}",
        f"withdraw lane-ledger go --from pub --energy 1kWh {A}",
    ):
        street(f"ledger certificate {words}")
    (row,) = shown(street, "ledger certificate list")
    assert (row["energy_wh"], row["ended_wh"]) == (2_000_000, 1_101_000)
    assert row["held"] == {"home-07": 400_000, "pub": 499_000}
    kinds = [raw["entry"] for _, raw in exported(street)]
    assert kinds[-9::2] == [
        f"certificate_{each}"
        for each in ("issued", "transferred", "cancelled", "expired", "withdrawn")
    ]
    assert street("ledger verify lane-ledger -q") == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"authority form certify lane-ledger 5f --name f {A}", "'5f' is no hash"),
        (f"authority form certify lane-ledger {FORM} --name f {LANE}", "is not for lane to do"),
        (f"authority form withdraw lane-ledger {FORM} {A}", "is not certified"),
        (f"authority patch approve lane-ledger rules/8 {A}", "rules/8 is unknown"),
        (f"authority patch propose lane-ledger p --content none.diff {A}", "none.diff"),
        (MINT, "in-1 was used before"),
        (MINT.replace("--units 500", "--units 0"), "0 is out of range"),
        (MINT.replace("pub", "eve"), "eve is unknown"),
        (MINT.replace(LANE, A), "is not for auth-a to do"),
        (f"{BURN} --units 9000 --for out-1 {LANE}", "pub has 500 eur, not 9000"),
        (f"{MOVE} pub pub --token eur --units 1 {LANE}", "is the sender"),
        (f"{ISSUE} {A}", "go is taken"),
        (f"{ISSUE.replace(' go ', ' go-2 ')} {A}", "energy is certified once"),
        (f"{ISSUE.replace('2MWh', '2apples')} {A}", "is no energy"),
        (f"{CANCEL} --energy 9MWh --for x {LANE}", "pub has 2000000 Wh of go"),
    ],
)  # fmt: skip
def test_what_may_not_be_done_is_refused_by_name(street, line, words):
    street(MINT)
    street(f"{ISSUE} {A}")
    before = shown(street, "ledger status")["root"]
    code, out, err = street.lane(line)
    assert code in (2, 3)
    assert (out, words in err) == ("", True), err
    assert shown(street, "ledger status")["root"] == before
