"""Ledgers that are to be on a chain whose node does not answer, or that is another."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

NOWHERE = "http://127.0.0.1:9"


def day(place, node, account="w.key"):
    """A scenario whose ledger is to be on chain 7."""
    (place / "day.yaml").write_text(
        "gridpact: 1\ngenerate: {homes: 2, pv_percent: 50}\n"
        f"ledger: {{kind: evm, node: '{node}', chain: 7, account: {account}}}\n"
    )


@pytest.fixture
def other_chain():
    """A node of chain 8, as far as a client asks for that."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": "0x8"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_run_whose_ledger_cannot_be_begun_leaves_no_folder(lane, tmp_path, other_chain):
    assert lane("contract key new w.key")[0] == 0
    day(tmp_path, NOWHERE)
    code, _, err = lane("run day.yaml --out day")
    assert (code, f"day.yaml: ledger.node: node {NOWHERE} does not answer" in err) == (3, True)
    day(tmp_path, NOWHERE, "none.key")
    code, _, err = lane("run day.yaml --out day")
    assert (code, "2 faults" in err, "none.key" in err) == (2, True, True)
    assert "day.yaml: ledger.account: " in err
    day(tmp_path, other_chain, "a.key")
    code, _, err = lane("run day.yaml --out day")
    assert (code, "2 faults" in err) == (2, True)
    assert "is a key of a log, and this is a ledger on a chain" in err
    assert f"day.yaml: ledger.chain: node {other_chain}" in err
    assert "serves chain 8, not 7" in err
    assert not (tmp_path / "day").exists()


def test_a_ledger_that_cannot_be_deployed_leaves_no_folder(lane, tmp_path):
    assert lane("contract key new w.key")[0] == 0
    where = f"--node {NOWHERE} --chain 7 --as a=w.key"
    code, _, err = lane(f"ledger deploy far --name far {where}")
    assert (code, f"node {NOWHERE} does not answer" in err) == (3, True)
    assert lane(f"ledger deploy far --name far {where} --finality maybe")[0] == 2
    assert not (tmp_path / "far").exists()


def test_a_log_binds_no_address_that_could_not_sign_there(lane):
    assert lane("contract key new w.key")[0] == 0
    by = "--as auth-a=a.key --why joined"
    code, _, err = lane(f"member authorise lane-ledger op --role operator --key w.address {by}")
    assert code == 2
    assert "is an address of a chain, and this is a log. Fix: name a file that 'gridpact a" in err
    assert lane(f"authority add lane-ledger auth-c=w.address {by} --as auth-b=b.key")[0] == 2
    members = lane("member list lane-ledger --json", reads=True)
    assert [each["member"] for each in members] == ["lane"]


def test_a_deployment_that_was_cut_off_says_how_to_go_on(lane, tmp_path):
    (tmp_path / "half").mkdir()
    (tmp_path / "half/outbox.db").touch()
    code, _, err = lane("ledger status half")
    assert code == 2
    assert "deployed in part only. Fix: give 'gridpact ledger deploy' again" in err
