"""A real node process (anvil), and a proxy before it that can go down, lose answers and lie."""

import hashlib
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.node import Finality
from gridpact.ledger.evm.outbox import Outbox
from gridpact.ledger.evm.rpc import connect
from gridpact.ledger.evm.sending import Policy, Sender

ROOT = Path(__file__).parents[4]
CHAIN = 4713
RICH = 10**24


class Chain:
    """An anvil process that mines when it is told, and what tests do to it."""

    def __init__(self, address):
        self.address = address

    def __call__(self, method, *parameters):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        answer = json.loads(post(self.address, json.dumps(body).encode()))
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, count=1):
        for _ in range(count):
            self("evm_mine")

    def base_fee(self, wei):
        self("anvil_setNextBlockBaseFeePerGas", hex(wei))

    def drop(self, hash_):
        self("anvil_dropTransaction", f"0x{hash_.hex()}")

    def count(self, account):
        return int(self("eth_getTransactionCount", f"0x{account.address.hex()}", "latest"), 16)

    def fund(self, account):
        self("anvil_setBalance", f"0x{account.address.hex()}", hex(RICH))


def post(address, body):
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(address, body, headers)  # noqa: S310 - of this machine
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        return answer.read()


@pytest.fixture(scope="session")
def anvil_program():
    program = ROOT / "build/network/bin/anvil"
    done = subprocess.run([ROOT / "scripts/network/anvil.sh"], capture_output=True, text=True)
    if done.returncode or not program.exists():
        why = (done.stderr.strip().splitlines() or ["it could not be installed"])[-1]
        pytest.skip(
            f"no anvil ({why}); run scripts/network/anvil.sh where npm reaches its registry"
        )
    return program


@pytest.fixture(scope="module")
def chain(anvil_program, tmp_path_factory):
    arguments = ["--port", "0", "--no-mining", "--chain-id", str(CHAIN), "--hardfork", "london"]
    said = tmp_path_factory.mktemp("anvil") / "said"
    with said.open("wb") as file:
        process = subprocess.Popen([anvil_program, *arguments], stdout=file, stderr=file)
    try:
        for _ in range(600):
            found = re.search(r"Listening on (\S+)", said.read_text())
            if found:
                break
            time.sleep(0.05)
        yield Chain(f"http://{found[1]}")
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def killed_at():
    """Run in a process of its own that is killed at its so manieth step; tell whether it was.

    Steps are before and after each write to the outbox and each transaction handed to the node.
    """

    def run_there(point, make, run, sender_of):
        steps = iter(range(point, -1, -1))

        def step():
            if next(steps) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        made = make()
        sender = sender_of(made)
        for owner, name in (
            (sender.outbox, "book"),
            (sender.outbox, "mark"),
            (sender.node, "send"),
        ):
            watched(owner, name, step)
        run(made)

    def killed(point, make, run, sender_of=lambda made: made):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the child starts no threads
            pid = os.fork()
        if pid == 0:
            try:
                run_there(point, make, run, sender_of)
            finally:
                os._exit(0)
        return os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    return killed


def watched(owner, name, step):
    """Let a method take a step before and after."""
    real = getattr(owner, name)

    def call(*arguments):
        step()
        answer = real(*arguments)
        step()
        return answer

    setattr(owner, name, call)


class Proxy:
    """Passes requests on. ``tamper(method, parameters, answer)`` may change what comes back.

    ``down`` refuses everything; ``swallow`` names a method whose answer gets lost.
    """

    def __init__(self, upstream):
        proxy = self
        self.tamper, self.down, self.swallow = None, False, None

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                asked = json.loads(body)
                if proxy.down:
                    return self.connection.close()
                answer = json.loads(post(upstream, body))
                if proxy.swallow == asked["method"]:
                    return self.connection.close()
                if proxy.tamper is not None:
                    answer = proxy.tamper(asked["method"], asked["params"], answer) or answer
                said = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                return self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def proxy(chain):
    made = Proxy(chain.address)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def account(request, chain):
    """An account of a test's own, with fuel."""
    name = request.node.nodeid.encode()
    made = Account(hashlib.sha256(name).digest())
    chain.fund(made)
    return made


@pytest.fixture
def sender(chain, account, tmp_path):
    """Make senders of one outbox; blocks are mined while they wait."""
    opened = []

    def make(address=chain.address, finality="immediate", **policy):
        outbox = Outbox(tmp_path / "outbox")
        opened.append(outbox)
        node = connect(address, CHAIN, Finality.parse(finality), wait_s=3.0)
        return Sender(node, outbox, account, Policy(**policy), sleep=lambda _: chain.mine())

    yield make
    for outbox in opened:
        outbox.close()
