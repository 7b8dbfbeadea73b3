import json
import shutil
from pathlib import Path

SEE = "ledger follow {} --into {}-saw --as {}={}.key"


def see(lane, who, what="lane-ledger"):
    return lane(SEE.format(what, who, who, "c" if who == "bakery" else "lane"))


def admit(lane, name, what="lane-ledger"):
    line = f"member authorise {what} {name} --role prosumer --as auth-a=a.key --why joined"
    assert lane(line)[0] == 0


def test_two_witnesses_of_one_ledger_agree(lane):
    code, out, _ = see(lane, "bakery")
    assert (code, "2 new blocks; block 2 is signed" in out) == (0, True)
    admit(lane, "home-1")
    assert "1 new block; block 3" in see(lane, "bakery")[1]
    assert see(lane, "dso")[0] == 0
    code, out, _ = lane("ledger meet bakery-saw dso-saw/head.json --as bakery=c.key")
    assert (code, "dso saw the same block 3" in out) == (0, True)


def test_a_fork_is_proved_to_everybody(lane):
    shutil.copytree("lane-ledger", "other")
    admit(lane, "home-1")
    admit(lane, "home-2", "other")
    assert see(lane, "bakery")[0] == 0
    assert see(lane, "dso", "other")[0] == 0
    code, out, err = lane("ledger meet bakery-saw dso-saw/head.json --as bakery=c.key")
    assert (code, out) == (1, "")
    assert "two blocks 3 of one ledger, both sealed by its authorities" in err
    code, out, _ = lane("ledger fork bakery-saw/fork.json")
    assert (code, "seen by dso" in out) == (0, True)
    code, _, err = see(lane, "bakery", "other")
    assert code == 1
    assert "block 3 is not the one seen before" in err
    assert "proved by bakery-saw/fork.json" in err
    text = Path("bakery-saw/fork.json").read_text()
    Path("bent.json").write_text(text.replace('"height": 3', '"height": 4', 1))
    code, _, err = lane("ledger fork bent.json")
    assert code == 2
    assert "proves a fork" in err or "prove a fork" in err


def test_a_second_fork_is_kept_beside_the_first(lane):
    for name in ("other", "third"):
        shutil.copytree("lane-ledger", name)
    for name, what in (("home-1", "lane-ledger"), ("home-2", "other"), ("home-3", "third")):
        admit(lane, name, what)
    assert see(lane, "bakery")[0] == 0
    for _ in range(2):
        for what, proof in (("other", "fork.json"), ("third", "fork-2.json")):
            code, _, err = see(lane, "bakery", what)
            assert (code, f"proved by bakery-saw/{proof}" in err) == (1, True)
    hashes = [
        json.loads(Path("bakery-saw", name).read_text())["other"]["header"]["hash"]
        for name in ("fork.json", "fork-2.json")
    ]
    assert len(set(hashes)) == 2
    assert not Path("bakery-saw/fork-3.json").exists()


def test_a_witness_goes_on_with_another_key_only_where_asked(lane):
    assert see(lane, "bakery")[0] == 0
    other = "ledger follow lane-ledger --into bakery-saw --as bakery=lane.key"
    before = Path("bakery-saw/latest.json").read_bytes()
    for line in (other, "ledger meet bakery-saw bakery-saw/head.json --as mill=c.key"):
        code, _, err = lane(line)
        assert code == 2
        assert "was kept by bakery with ed25519:" in err
        assert Path("bakery-saw/latest.json").read_bytes() == before
    assert lane(f"{other} --new-key")[0] == 0
    assert lane(other)[0] == 0
    assert see(lane, "bakery")[0] == 2


def test_a_folder_from_before_keys_were_noted_is_gone_on_with(lane):
    assert see(lane, "bakery")[0] == 0
    path = Path("bakery-saw/latest.json")
    latest = json.loads(path.read_text())
    del latest["witness"], latest["key"]
    path.write_text(json.dumps(latest))
    assert see(lane, "bakery")[0] == 0
    assert json.loads(path.read_text())["witness"] == "bakery"
