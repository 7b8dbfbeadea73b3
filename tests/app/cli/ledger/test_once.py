"""What is done once under a name, however often it is given."""

import json
from pathlib import Path

import pytest

from gridpact.app.ledgers import acting
from gridpact.ledger.entries import parse
from gridpact.ledger.kinds.money import TokensTransferred

LANE = "--as lane=lane.key --seal a.key --why x"
PAY = "ledger token transfer lane-ledger home-07 pub --token eur --units"


@pytest.fixture
def street(lane):
    for name in ("home-07", "pub"):
        line = f"member authorise lane-ledger {name} --role prosumer --as auth-a=a.key --why x"
        assert lane(line)[0] == 0
    mint = f"ledger token mint lane-ledger home-07 --token eur --units 100 --for in {LANE}"
    assert lane(mint)[0] == 0
    return lane


def has(street):
    """What each has, from the entries alone: plain sums over the lines of the export."""
    Path("all.jsonl").unlink(missing_ok=True)
    street("ledger export lane-ledger --out all.jsonl")
    found = {"home-07": 100, "pub": 0}
    for entry in map(parse, Path("all.jsonl").read_bytes().splitlines()):
        if isinstance(entry, TokensTransferred):
            found[entry.sender] -= entry.units
            found[entry.receiver] += entry.units
    return found


def test_a_transfer_given_again_is_done_once(street):
    told = [street(f"{PAY} 5 {LANE} --once rent/2026-06") for _ in range(3)]
    assert told[0][0] == 0
    assert told[0][1] == "✓ 5 eur go from home-07 to pub, by lane, in block 6\n"
    assert told == [told[0]] * 3
    assert has(street) == {"home-07": 95, "pub": 5}
    first = street(f"{PAY} 5 {LANE} --once rent/2026-07 --json", reads=True)
    again = street(f"{PAY} 5 {LANE} --once rent/2026-07 --json", reads=True)
    assert first == again
    assert first["block"] == 7
    street(f"{PAY} 5 {LANE}")  # without a name it is another one
    assert has(street) == {"home-07": 85, "pub": 15}


def test_a_name_is_of_one_act(street):
    assert street(f"{PAY} 5 {LANE} --once rent")[0] == 0
    code, _, err = street(f"{PAY} 6 {LANE} --once rent")
    assert code == 2
    assert "--once: key 'rent' was used for other entries, in block 6" in err
    key = street("member authorise lane-ledger pub --key lane.pub --as auth-a=a.key --why x")
    assert key[0] == 0
    code, _, err = street(f"{PAY} 5 --as pub=lane.key --seal a.key --why x --once rent")
    assert (code, "used for other entries" in err) == (2, True)  # by somebody else
    assert "is no name" in street(f"{PAY} 5 {LANE} --once 'two words'")[2]
    assert has(street) == {"home-07": 95, "pub": 5}


def test_killed_between_block_and_answer(street, monkeypatch):
    commit = acting.commit

    def killed(*given):
        commit(*given)
        raise MemoryError

    monkeypatch.setattr(acting, "commit", killed)
    assert street(f"{PAY} 5 {LANE} --once rent")[0] != 0
    monkeypatch.setattr(acting, "commit", commit)
    assert "in block 6" in street(f"{PAY} 5 {LANE} --once rent")[1]
    assert has(street) == {"home-07": 95, "pub": 5}


def test_a_draft_keeps_its_name(street):
    draft = f"{PAY} 5 --as lane=lane.key --with auth-a --why x --once rent --draft rent.act"
    assert street(draft)[0] == 0
    assert json.loads(Path("rent.act").read_text())["once"] == "rent"
    assert street("ledger sign rent.act --as auth-a=a.key")[0] == 0
    told = {street("ledger commit lane-ledger rent.act --as auth-a=a.key") for _ in range(2)}
    assert told == {(0, "✓ rent.act: committed, by lane, auth-a, in block 6\n", "")}
    # the same again, drafted anew and without a name: files of before have none
    assert street(draft.replace("rent.act", "more.act").replace("--once rent ", ""))[0] == 0
    assert "once" not in json.loads(Path("more.act").read_text())
    assert has(street) == {"home-07": 95, "pub": 5}
