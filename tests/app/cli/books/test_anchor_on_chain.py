"""A book on a ledger on a chain: the same commands as on a log, over contracts."""

from functools import partial

import pytest

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.keys import WalletKey
from gridpact.app.ledgers import chains
from gridpact.ledger.evm.rpc import in_process
from gridpact.ledger.evm.sending import Policy, Sender

pytestmark = pytest.mark.slow

DAY = ("--period", "2026-03-29")
HERE = ("--ledger", "l", "--custody", "c")
ACT = ("--as", "lane-community=op.key", "--seal", "a.key", "--why", "month")
PEOPLE = ("bakery", "school", "power-co", "grid-co", "state")


@pytest.fixture
def node(monkeypatch):
    found = in_process()
    monkeypatch.setattr(chains, "connect", lambda *_: found)
    policy = Policy(gas=8_000_000, poll_s=0)
    monkeypatch.setattr(chains, "Sender", partial(Sender, policy=policy))
    return found


@pytest.fixture
def done(lane, node):
    """A book with a settled day, and a ledger on a chain; gives commands that are taken."""

    def run(*line):
        found = lane.run(*line)
        assert (found.code, found.err) == (0, ""), found.err
        return found.out

    lane.imported("march-29-corrected", "2026-04-02T09:30")
    run("books", "init", "book", "--rules", "rules/rules.yaml")
    run("settle", "book", *DAY, "--as-of", "2026-04-03T00:00")
    for name in ("a", "op"):
        run("contract", "key", "new", f"{name}.key")
    eth = node.web3.eth
    to = checksummed(WalletKey.load(lane.folder / "a.key").address)
    eth.send_transaction({"from": eth.accounts[0], "to": to, "value": 10**18})
    where = ("--node", "http://here", "--chain", str(node.chain))
    run("ledger", "deploy", "l", "--name", "lane", *where, "--as", "auth=a.key")
    join = ("--as", "auth=a.key", "--why", "joins", "--role")
    authorise = ("member", "authorise", "l")
    run(*authorise, "lane-community", "--key", "op.address", *join, "operator")
    for name in PEOPLE:
        run(*authorise, name, *join, "member")
    return run


def test_a_day_is_anchored_proved_verified_and_closed(done, lane):
    anchor = ("books", "anchor", "book", *HERE, *ACT)
    told = done(*anchor, "--draw", "--once", "run-1")
    assert "book: 1 run on the ledger, by lane-community, in block 8" in told
    assert done(*anchor, "--once", "run-1") == "every run is on the ledger\n"
    assert "gives what is on the ledger\n" in done("books", "verify", "book", *HERE, *DAY)
    bill = ("--member", "school", "--out", "bill.proof", "--json")
    proved = done("books", "prove", "book", *HERE, *DAY, *bill)
    root = proved.split('"root": "')[1].split('"')[0]
    assert "school" in done("ledger", "check", "bill.proof", "--root", root)
    assert "2026-03-29 is closed, by lane-community" in done(*anchor, "--close")
    assert "9 blocks" in done("ledger", "verify", "l")
    lane.imported("march-29-corrected", "2026-05-01T00:00", changed=("0,196", "0,996"))
    done("correct", "book", *DAY, "--as-of", "2026-05-02T00:00")
    late = lane.run(*anchor)
    assert (late.code, "is final" in late.err) == (2, True)
