import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gridpact.app.ledgers import home
from gridpact.ledger.acts import digest_of, drafted, signed
from gridpact.ledger.entries import parse
from gridpact.ledger.keys import AuthorityKey
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.merkle import leaf_hash, root
from gridpact.ledger.port import Receipt

BAR = "member bar lane-ledger home-07 --as auth-a=a.key --why fraud"


def authorise(lane, name="home-07"):
    line = f"member authorise lane-ledger {name} --role prosumer --as auth-b=b.key --why joined"
    code, out, err = lane(line)
    assert (code, err) == (0, "")
    return out


def size_of(lane):
    return lane("ledger status lane-ledger --json", reads=True)["entries"]


def test_whoever_is_admitted_stands_on_the_ledger(lane):
    assert "home-07 is authorised as prosumer, by auth-b, in block 3" in authorise(lane)
    assert lane("member suspend lane-ledger home-07 --as auth-a=a.key --why unpaid")[0] == 0
    found = lane("member list lane-ledger --json", reads=True)
    assert [(each["member"], each["status"]) for each in found] == [
        ("home-07", "suspended"),
        ("lane", "authorised"),
    ]
    assert lane("member reinstate lane-ledger home-07 --as auth-a=a.key --why paid")[0] == 0
    assert lane("ledger verify lane-ledger -q") == (0, "", "")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (BAR, "1 of 2 authorities signed"),
        ("member suspend lane-ledger home-08 --as auth-a=a.key --why x", "home-08 is unknown"),
        ("member suspend lane-ledger home-07 --as lane=lane.key --why x", "is not for lane to do"),
        (
            "member suspend lane-ledger home-07 --as auth-a=b.key --why x",
            "auth-a signs with ed25519:",
        ),
        ("member suspend lane-ledger home-07 --as eve=c.key --why x", "eve may not sign here"),
        ("member suspend lane-ledger home-07 --as auth-a=a.key --why '\"'", "is no reason"),
        ("member authorise lane-ledger X! --role y --as auth-a=a.key --why z", "is no identifier"),
        ("authority remove lane-ledger auth-b --as auth-a=a.key --as auth-b=b.key --why x", "left"),
        ("member suspend lane-ledger home-07 --as a.key --why x", "names no key"),
        ("member authorise lane-ledger home-09 --as auth-a=a.key --why x", "give --role"),
        (
            "member suspend lane-ledger home-07 --as auth-a=a.key --seal c.key --why x",
            "is no authority's key",
        ),
        (
            "member suspend lane-ledger home-07 --as auth-a=a.key --why x --at 2020-01-01T00:00",
            "before the last block",
        ),
    ],
)
def test_what_may_not_be_done_is_refused_by_name(lane, line, words):
    authorise(lane)
    before = size_of(lane)
    code, out, err = lane(line)
    assert (code, out) == (2, "")
    assert words in err
    assert "Fix:" in err
    assert size_of(lane) == before


def test_a_draft_from_before_keys_were_noted_is_signed(lane):
    authorise(lane)
    assert lane(f"{BAR} --with auth-b --draft bar.act")[0] == 0
    written = json.loads(Path("bar.act").read_text())
    del written["keys"]
    Path("bar.act").write_text(json.dumps(written))
    assert lane("ledger sign bar.act --as auth-b=c.key")[1] == "bar.act: signed by all\n"
    code, _, err = lane("ledger commit lane-ledger bar.act --as auth-a=a.key")
    assert (code, "the one of auth-b does not hold" in err) == (2, True)


def test_an_unknown_role_is_refused_also_in_a_draft_of_before(lane, monkeypatch):
    line = "member authorise lane-ledger home-07 --as auth-a=a.key --why x --role "
    before = size_of(lane)
    code, out, err = lane(f"{line}prosumr --role dso")
    assert (code, out) == (2, "")
    assert "'prosumr' is no role" in err
    assert "use one of aggregator, consumer, dso," in err
    with monkeypatch.context() as patch:
        patch.setattr("gridpact.app.ledgers.acting.ROLES", ("prosumr",))
        assert lane(f"{line}prosumr --draft x.act")[0] == 0
        assert lane(f"{line}prosumr")[0] == 0, "as ledgers of before have them"
    code, _, err = lane("ledger commit lane-ledger x.act --as auth-a=a.key")
    assert (code, "'prosumr' is no role" in err) == (2, True)
    assert lane("ledger verify lane-ledger -q") == (0, "", "")
    assert size_of(lane) == before + 2


def test_several_sign_an_act_one_after_the_other(lane):
    authorise(lane)
    code, out, _ = lane(f"{BAR} --with auth-b --draft bar.act")
    assert (code, out) == (0, "bar.act: to be signed by auth-b\n")
    code, _, err = lane("ledger commit lane-ledger bar.act --as auth-a=a.key")
    assert code == 2
    assert "auth-b has not signed" in err
    code, _, err = lane("ledger sign bar.act --as auth-c=c.key")
    assert code == 2
    assert "auth-c is no signer" in err
    drafted = Path("bar.act").read_bytes()
    code, out, err = lane("ledger sign bar.act --as auth-b=c.key")
    assert (code, out) == (2, "")
    assert "auth-b signs with ed25519:" in err
    assert Path("bar.act").read_bytes() == drafted
    assert lane("ledger sign bar.act --as auth-b=b.key")[1] == "bar.act: signed by all\n"
    for _ in range(2):  # done again it changes nothing
        code, out, _ = lane("ledger commit lane-ledger bar.act --as auth-b=b.key")
        assert (code, "by auth-a, auth-b, in block 4" in out) == (0, True)
    assert size_of(lane) == 8
    act = Path("bar.act").read_text()
    Path("bar.act").write_text(act.replace("home-07", "home-08"))
    code, _, err = lane("ledger sign bar.act --as auth-b=b.key")
    assert code == 2
    assert "not those that the act covers" in err


def test_a_quorum_takes_authorities_in_and_lets_them_go(lane):
    by = "--as auth-a=a.key --as auth-b=b.key --why elected"
    assert lane(f"authority add lane-ledger auth-c=c.pub {by}")[0] == 0
    assert lane(f"authority remove lane-ledger auth-a {by}")[0] == 0
    found = lane("authority list lane-ledger --json", reads=True)
    assert [each["authority"] for each in found["authorities"]] == ["auth-b", "auth-c"]
    line = "member suspend lane-ledger lane --as auth-c=c.key --why audit"
    assert lane(line)[0] == 0
    assert lane("ledger verify lane-ledger -q") == (0, "", "")


def test_a_proof_is_checked_away_from_the_ledger(lane, tmp_path):
    authorise(lane)
    assert lane("ledger prove lane-ledger --entry 5 --out join.proof --checker")[0] == 0
    seen = lane("ledger status lane-ledger --json", reads=True)["root"]
    code, out, _ = lane(f"ledger check join.proof --root {seen}")
    assert (code, '"participant":"home-07"' in out) == (0, True)
    command = [sys.executable, "-I", "check_proof.py", "join.proof", "--root", seen]
    alone = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert '"participant":"home-07"' in alone.stdout
    code, _, err = lane(f"ledger check join.proof --root {'0' * 64}")
    assert code == 1
    assert "the root trusted is not that of the ledger" in err
    assert lane("ledger check join.proof --root 12")[0] == 2
    assert lane("ledger check join.proof")[0] == 2
    key = (tmp_path / "b.pub").read_text().strip()
    assert lane(f"ledger check join.proof --authority {key} -q") == (0, "", "")
    assert lane("ledger check join.proof --authority b.pub -q") == (0, "", "")
    assert "signed by another key" in lane("ledger check join.proof --authority a.pub")[2]
    assert "is no key" in lane("ledger check join.proof --authority ed25519:12")[2]
    code, _, err = lane("ledger prove lane-ledger --entry 99 --out x.proof")
    assert code == 2
    assert "give one from 0 to 5" in err


def test_what_is_exported_gives_the_root(lane):
    authorise(lane)
    assert lane("ledger export lane-ledger --out all.jsonl")[0] == 0
    lines = Path("all.jsonl").read_bytes().splitlines()
    assert root(lines).hex() == lane("ledger status lane-ledger --json", reads=True)["root"]
    founded, *rest = map(parse, lines)
    assert type(founded).__name__ == "LedgerFounded"
    assert rest[0].digest == digest_of(map(leaf_hash, lines[2:4]))


def test_the_past_moves_to_another_disk_and_still_proves(lane):
    authorise(lane)
    line = "ledger archive lane-ledger --before 2090-01-01 --to disk --as auth-a=a.key"
    assert "blocks-000000002-000000003.segment: 5 entries" in lane(line)[1]
    authorise(lane, "home-08")
    code, out, _ = lane("ledger verify lane-ledger")
    assert code == 0
    assert "entries 1 to 5 are in blocks-000000002-000000003.segment, not read" in out
    assert (
        "4 blocks and 8 entries recomputed" in lane("ledger verify lane-ledger --segments disk")[1]
    )
    Path("disk").rename("elsewhere")
    prove = "ledger prove lane-ledger --entry 2 --out old.proof"
    assert lane(prove)[0] != 0
    assert lane(f"{prove} --segments elsewhere")[0] == 0
    seen = lane("ledger status lane-ledger --json", reads=True)["root"]
    assert lane(f"ledger check old.proof --root {seen}")[0] == 0


def test_what_has_left_takes_no_space(lane):
    key, at = AuthorityKey.load(Path("a.key")), int(time.time())
    with home.opened(Path("lane-ledger"), key) as ledger:
        entries = [ParticipantAuthorised(f"home-{each:04}", "prosumer") for each in range(2000)]
        act = drafted(["auth-a"], entries, sequence=2, at=at, why="moved in")
        act = signed(act, ledger.genesis, "auth-a", key)
        assert isinstance(ledger.commit("many", [act, *entries], at), Receipt)
    rows = Path("lane-ledger/ledger.db")
    before = rows.stat().st_size
    line = "ledger archive lane-ledger --before 2090-01-01 --to disk --as auth-a=a.key"
    assert "2,004 entries" in lane(line)[1]
    assert rows.stat().st_size < before / 2
    assert "nothing is left to move" in lane(line)[1]
    assert "3 blocks and 2,005 entries" in lane("ledger verify lane-ledger --segments disk")[1]


def test_a_person_is_erased_and_that_is_recorded(lane):
    authorise(lane)
    line = "member erase lane-ledger home-07 --custody cust --as lane=lane.key --why asked"
    assert "nothing is named" in lane(line.replace("--custody cust ", ""))[2]
    code, out, _ = lane(f"{line} --seal a.key")
    assert code == 0
    assert "home-07 is erased, by lane" in out
    found = lane("member list lane-ledger --json", reads=True)
    assert [each["status"] for each in found] == ["erased", "authorised"]


def test_a_folder_without_a_ledger_is_refused(lane, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = lane("ledger status empty")
    assert code == 2
    assert "holds no ledger" in err
    code, _, err = lane("ledger init lane-ledger --name lane --as auth-a=a.key")
    assert code == 2
    assert "the file exists already" in err
    code, _, err = lane("ledger init other --name l --as auth-a=a.key --quorum 5")
    assert code == 2
    assert "5 of 1" in err
    assert not (tmp_path / "other").exists()


@pytest.fixture
def spaced(lane):
    """A ledger with a member, whose secret lies in ``s`` and with the operator in ``cust``."""
    authorise(lane)
    assert lane("member space begin s home-07")[0] == 0
    assert lane("member space lend s cust")[0] == 0
    return lane


ERASE = "member erase lane-ledger home-07 --space s --custody cust"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{ERASE} --as auth-a=b.key --why x", "auth-a signs with ed25519:"),
        (f"{ERASE} --as eve=c.key --seal a.key --why x", "eve may not sign here"),
        (f"{ERASE} --as lane=lane.key --why x", "is no authority's key"),
        (f"{ERASE.replace('home-07', 'home-08')} --as auth-a=a.key --why x", "home-08 is unknown"),
        (f"{ERASE.replace('--space s', '--space t')} --as auth-a=a.key --why x", "t is not there"),
        (f"{ERASE} --as auth-a=a.key --with eve --draft e.act --why x", "eve may not sign here"),
    ],
)
def test_a_secret_outlives_an_erasure_that_is_refused(spaced, tmp_path, line, words):
    before = size_of(spaced)
    code, out, err = spaced(line)
    assert (code, out) == (2, "")
    assert words in err
    assert size_of(spaced) == before
    assert (tmp_path / "s/secret.key").exists()
    assert (tmp_path / "cust/home-07.key").exists()
    assert spaced(f"{ERASE} --as auth-a=a.key --why asked")[0] == 0
    assert not (tmp_path / "s").exists()
    assert not list((tmp_path / "cust").glob("home-07*"))


def test_an_erasure_is_drafted_for_others_to_sign(spaced, tmp_path):
    line = f"{ERASE} --as auth-a=a.key --with auth-b --why asked --draft e.act"
    assert "e.act: to be signed by auth-b" in spaced(line)[1]
    assert not (tmp_path / "s").exists()
    assert spaced("ledger sign e.act --as auth-b=b.key")[0] == 0
    assert spaced("ledger commit lane-ledger e.act --as auth-a=a.key")[0] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--name '' --as a=a.key", "--name: '' is no name"),
        ("--name 'two words' --as a=a.key --quorum 0", "'two words' is no name"),
        ("--name x --as a=a.key --authority a=b.pub", "a is named twice"),
        ("--name x --as a=a.key --authority b=b.pub --authority b=c.pub", "b is named twice"),
        (
            "--name x --as a=a.key --authority b=b.key",
            "b.key: is a private key. Fix: name the file of its public key",
        ),
        ("--name x --as a=a.key --at 2999-01-01T00:00", "2999-01-01T00:00:00Z is yet to come"),
    ],
)
def test_a_ledger_that_cannot_be_founded_leaves_no_folder(lane, tmp_path, options, words):
    code, out, err = lane(f"ledger init other {options}")
    assert (code, out) == (2, "")
    assert words in err
    assert not (tmp_path / "other").exists()


def test_no_act_is_of_a_time_to_come(lane):
    before = size_of(lane)
    late = "member authorise lane-ledger home-09 --role prosumer --as auth-a=a.key --why x --at "
    code, _, err = lane(f"{late} 2999-01-01T00:00")
    assert (code, "2999-01-01T00:00:00Z is yet to come" in err) == (2, True)
    assert size_of(lane) == before
    authorise(lane, "home-09")


def test_a_draft_that_was_overtaken_is_refused_by_its_number(lane):
    authorise(lane)
    assert lane(f"{BAR} --as auth-b=b.key --draft bar.act")[0] == 0
    assert lane("member suspend lane-ledger home-07 --as auth-a=a.key --why between")[0] == 0
    before = size_of(lane)
    code, _, err = lane("ledger commit lane-ledger bar.act --as auth-a=a.key")
    assert code == 2
    assert "of auth-a was used for another act meanwhile. Fix: draft this one again" in err
    assert size_of(lane) == before


def test_an_act_that_is_there_already_is_told_from_another(lane):
    authorise(lane)
    suspend = "member suspend lane-ledger home-07 --as auth-a=a.key --why unpaid"
    for name, later_s in (("one", 0), ("two", 1)):
        at = datetime.fromtimestamp(int(time.time()) + later_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        assert lane(f"{suspend} --at {at} --draft {name}.act")[0] == 0
    assert lane("ledger commit lane-ledger one.act --as auth-a=a.key")[0] == 0
    before = size_of(lane)
    code, _, err = lane("ledger commit lane-ledger two.act --as auth-a=a.key")
    assert code == 2
    assert "this was begun before, as 2 of auth-a, and is in block 4 now. Fix: leave it" in err
    assert size_of(lane) == before


def test_a_public_key_is_told_from_a_secret_one(lane):
    code, _, err = lane("member suspend lane-ledger lane --as auth-a=a.pub --why x")
    assert code != 0
    assert "a.pub: holds a public key. Fix: name the file of the secret one" in err
