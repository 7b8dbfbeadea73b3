"""Commands against a real node: a ledger founded, a community's day on it, and what it took."""

import json
import subprocess
import sys
import threading

import pytest

from gridpact.agreements.keys import WalletKey
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.keys import derived_secret

from .conftest import CHAIN

pytestmark = pytest.mark.slow


@pytest.fixture
def mining(chain):
    """The node mines by itself, many times a second."""
    done = threading.Event()

    def mine():
        while not done.wait(0.05):
            chain.mine()

    thread = threading.Thread(target=mine)
    thread.start()
    yield chain
    done.set()
    thread.join()


@pytest.fixture
def account(mining, tmp_path):
    secret = derived_secret(5, "account", tmp_path.name)
    WalletKey(secret).save(tmp_path / "a.key")
    mining.fund(Account(secret))
    return tmp_path / "a.key"


def gridpact(folder, *words, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "gridpact", *map(str, words)],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_a_day_of_a_community_is_kept_on_the_chain(mining, account, tmp_path):
    (tmp_path / "lane.yaml").write_text(
        "gridpact: 1\ngenerate: {homes: 4, pv_percent: 50}\n"
        f"ledger: {{kind: evm, node: '{mining.address}', chain: {CHAIN}, account: a.key}}\n"
    )
    gridpact(tmp_path, "run", "lane.yaml", "--out", "day", "--quiet")
    told = gridpact(tmp_path, "verify", "day")
    assert "✗" not in told
    assert "ledger has what was committed" in told
    status = json.loads(gridpact(tmp_path, "ledger", "status", "day", "--json"))
    assert status["state"]["participants"] == {"authorised": 9}
    assert status["state"]["authorities"] == ["ledger-authority"]
    line = (tmp_path / "day/statements.csv").read_text().splitlines()[1].split(",")[0]
    assert "verified" in gridpact(tmp_path, "explain", "day", line)


def test_a_ledger_is_founded_and_acts_are_committed_by_hand(mining, account, tmp_path):
    gridpact(tmp_path, "contract", "key", "new", "b.key")
    where = ("--node", mining.address, "--chain", CHAIN)
    people = ("--as", "auth-a=a.key", "--authority", "auth-b=b.address", "--quorum", 2)
    gridpact(tmp_path, "ledger", "deploy", "L", "--name", "lane", *where, *people)
    gridpact(tmp_path, "ledger", "deploy", "L", "--name", "lane", *where, *people, code=2)
    admit = ("--role", "operator", "--key", "b.address", "--as", "auth-a=a.key", "--why", "x")
    gridpact(tmp_path, "member", "authorise", "L", "op", *admit)
    bar = ("member", "bar", "L", "op", "--as", "auth-a=a.key", "--why", "left")
    assert "1 of 2 authorities signed" in gridpact(tmp_path, *bar, code=2)
    gridpact(tmp_path, *bar, "--with", "auth-b", "--draft", "bar.act")
    gridpact(tmp_path, "ledger", "sign", "bar.act", "--as", "auth-b=b.key")
    gridpact(tmp_path, "ledger", "commit", "L", "bar.act", "--as", "auth-a=a.key")
    assert "barred" in gridpact(tmp_path, "member", "list", "L")
    assert "3 blocks and 6 entries recomputed" in gridpact(tmp_path, "ledger", "verify", "L")
    gridpact(tmp_path, "authority", "key", "log.key")
    wrong = ("member", "authorise", "L", "x", "--role", "dso", "--why", "x", "--as")
    told = gridpact(tmp_path, *wrong, "auth-a=log.key", code=2)
    assert "is a key of a log, and this is a ledger on a chain" in told


def test_a_month_is_compared_on_a_node(mining, account, tmp_path):
    where = ("--node", mining.address, "--chain", CHAIN, "--account", "a.key")
    size = ("--members", 4, "--days", 1, "--json")
    found = json.loads(gridpact(tmp_path, "ledger", "compare", *where, *size))
    log, node = found["taken"]
    assert (log["operations"], log["blocks"]) == (node["operations"], node["blocks"])
    assert log["gas"] is None
    assert node["gas"] > 21_000 * node["blocks"]
    assert gridpact(tmp_path, "ledger", "compare", "--node", "http://x:1", code=2)
