"""Four validators that vote on each block: stopped, cut off and killed while they settle.

Whatever happens, each settlement is on the ledger once, and every node tells the same.
"""

import itertools
import json
import os
import signal
import socket
import subprocess
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from gridpact.app.cli.commands import cli
from gridpact.app.networks.planning import local_network
from gridpact.app.networks.processes import LocalNetwork, address_of
from gridpact.base.errors import StoreError
from gridpact.ledger.acts import drafted
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.deploying import Deployed, deploy
from gridpact.ledger.evm.evm import EvmLedger
from gridpact.ledger.evm.network.folders import LOCAL, write_network
from gridpact.ledger.evm.network.rewards import proposed
from gridpact.ledger.evm.network.voting import validators, vote
from gridpact.ledger.evm.node import NodeTrouble, disagreement
from gridpact.ledger.evm.outbox import Outbox
from gridpact.ledger.evm.rpc import connect
from gridpact.ledger.evm.sending import Policy, Sender
from gridpact.ledger.evm.signing import signed
from gridpact.ledger.flowing import flowing
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.port import Receipt

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
CHAIN, AT = 4715, 1_000
SPACE, LINK, INNER = "gridpact-test", "gridpact-t0", "gridpact-t1"
OUTSIDE, INSIDE = "10.213.77.1", "10.213.77.2"
HEALED = pytest.mark.usefixtures("healed")
ALL = ("node-1", "node-2", "node-3", "node-4")


@pytest.fixture(scope="module")
def kcn():
    program = ROOT / "build/network/bin/kcn"
    why = "not built yet"
    if not program.exists() and os.environ.get("NETWORK") == "build":
        script = ROOT / "scripts/network/build.sh"
        done = subprocess.run([script], capture_output=True, text=True)
        why = (done.stderr.strip().splitlines() or ["the build failed"])[-1]
    if not program.exists():
        pytest.skip(f"no validators ({why}): make test-network, where Go's proxy and gcc are")
    return program


@pytest.fixture(scope="module")
def space():
    """A network namespace that one validator lives in; None where none can be made."""
    if os.geteuid() != 0:
        yield None
        return
    try:
        for command in (
            f"netns add {SPACE}",
            f"link add {LINK} type veth peer name {INNER} netns {SPACE}",
            f"addr add {OUTSIDE}/30 dev {LINK}",
            f"link set {LINK} up",
            f"-n {SPACE} addr add {INSIDE}/30 dev {INNER}",
            f"-n {SPACE} link set {INNER} up",
            f"-n {SPACE} link set lo up",
        ):
            subprocess.run(["ip", *command.split()], check=True, capture_output=True)
        yield SPACE
    except (OSError, subprocess.CalledProcessError):
        yield None
    finally:
        with warnings.catch_warnings():
            subprocess.run(["ip", "netns", "del", SPACE], capture_output=True)


PLACES = itertools.count(20_000 + os.getpid() % 100 * 100, 10)
"""Below the ports of outgoing connections, which could take that of a node that is down."""


def free_port():
    """Where eight ports are free, as far as one can tell; another place each time."""
    return next(place for place in PLACES if all(map(free, range(place, place + 8))))


def free(port):
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="module")
def local(kcn, space, tmp_path_factory, chains):
    founder = Account(chains.secret_of("auth-a"))
    network, keys = local_network(4, CHAIN, free_port(), [founder.address])
    within = {}
    if space:
        hosts = dict.fromkeys(ALL[:3], OUTSIDE) | {ALL[3]: INSIDE}
        placed = tuple(replace(each, host=hosts[each.name]) for each in network.validators)
        network = replace(network, validators=placed)
        within = {ALL[3]: ("ip", "netns", "exec", space)}
    folder = tmp_path_factory.mktemp("network") / "net"
    write_network(network, keys, folder, LOCAL)
    made = LocalNetwork(network, folder, kcn, within)
    made.begin()
    made.up()
    try:
        made.wait_for_block(2)
        yield made
    finally:
        made.down(kill=True)


@pytest.fixture
def healed(local):
    """Each test begins with all validators up and in step."""
    local.up()
    heads = [node_of(local, name).head().number for name in ALL]
    local.wait_for_block(max(heads) + 1)


def node_of(local, name="node-1"):
    (validator,) = (each for each in local.network.validators if each.name == name)
    return connect(address_of(validator), CHAIN, wait_s=5.0)


class Community(NamedTuple):
    """A ledger on the network, and what it takes to settle on it."""

    local: LocalNetwork
    chains: object
    deployed: Deployed
    folder: Path

    @contextmanager
    def ledger(self, name="node-1", *, writes=True, wait_s=90.0):
        """The ledger through a node; the outbox and what was followed are kept in files."""
        node = node_of(self.local, name)
        since, front = self.deployed.since, self.deployed.front
        if not writes:
            with EvmLedger(node, front, since=since) as ledger:
                yield ledger
            return
        outbox = Outbox(self.folder / "outbox")
        policy = Policy(wait_s=wait_s)
        sender = Sender(node, outbox, Account(self.chains.secret_of("auth-a")), policy)
        with EvmLedger(node, front, self.folder / "rows", sender=sender, since=since) as ledger:
            yield ledger
        outbox.close()

    def act(self, ledger, by, sequence, *entries):
        draft = drafted((by,), entries, sequence=sequence, at=AT, why="as decided")
        return [signed(draft, ledger.genesis, by, self.chains.key_of(by), entries), *entries]

    def settlement(self, ledger, number):
        """The settlement of the period of a number, signed: the same number again is the same."""
        positions = (("ada", -number - 1), ("bob", number + 1))
        entry = NetSettled(f"period-{number}", "EUR", positions)
        return self.act(ledger, "coop", number + 1, entry)

    def settle(self, ledger, number):
        """Settle the period of a number; the same number again is the same settlement."""
        answer = ledger.commit(f"settle/{number}", self.settlement(ledger, number), AT)
        assert isinstance(answer, Receipt), answer
        return answer

    def flow(self, ledger, numbers, before=lambda _: None):
        """Settle periods one behind the other without waiting; return what was told, in order."""
        told = []
        with flowing(ledger, lambda *answer: told.append(answer)) as flow:
            for number in numbers:
                before(number)
                assert flow.commit(f"settle/{number}", self.settlement(ledger, number), AT) is None
        return told

    def settled(self, name="node-1"):
        """Numbers of the periods settled, in their order, as one node tells them."""
        with self.ledger(name, writes=False) as ledger:
            ledger.verify()
            found = [each for each in ledger.entries() if isinstance(each, NetSettled)]
        for each in found:
            assert sum(amount for _, amount in each.positions) == 0
        return [int(each.period.removeprefix("period-")) for each in found]


@pytest.fixture(scope="module")
def community(local, chains, tmp_path_factory):
    folder = tmp_path_factory.mktemp("community")
    outbox = Outbox(folder / "deploying")
    sender = Sender(node_of(local), outbox, Account(chains.secret_of("auth-a")))
    made = Community(local, chains, deploy(sender, "lane"), folder)
    outbox.close()
    with made.ledger() as ledger:
        founded = LedgerFounded((("auth-a", chains.key_of("auth-a").public.raw),), 1, 300)
        assert isinstance(ledger.commit("found", [founded], AT), Receipt)
        roles = {"ada": "prosumer", "bob": "prosumer", "coop": "operator"}
        admitted = [ParticipantAuthorised(name, role) for name, role in roles.items()]
        key = KeyBound("coop", chains.key_of("coop").public.raw)
        answer = ledger.commit("admit", made.act(ledger, "auth-a", 1, *admitted, key), AT)
        assert isinstance(answer, Receipt), answer
    return made


def settle_next(community, count=1, **how):
    """Settle the next periods and show that each is there once."""
    begin = len(community.settled())
    with community.ledger(**how) as ledger:
        for number in range(begin, begin + count):
            community.settle(ledger, number)
    assert community.settled() == list(range(begin + count))


def heads(local, names=ALL):
    return [node_of(local, name).head().number for name in names]


@HEALED
def test_finality_is_immediate(local, community):
    settle_next(community)
    nodes = [node_of(local, name) for name in ALL]
    top = nodes[0].final()
    assert top == nodes[0].head().number
    local.wait_for_block(top)
    assert [disagreement(nodes[0], other) for other in nodes[1:]] == [""] * 3
    assert all(community.settled(name) == community.settled() for name in ALL)


@HEALED
def test_one_validator_stopped(local, community):
    local.down(["node-3"])
    settle_next(community, 2)
    local.up(["node-3"])
    local.wait_for_block(max(heads(local, ALL[:2])), ["node-3"])
    assert community.settled("node-3") == community.settled()


@HEALED
def test_two_validators_stopped(local, community):
    """Without three of four there are no blocks, so nothing becomes final; then it goes on."""
    begin = len(community.settled())
    local.down(["node-2", "node-3"])
    node = node_of(local)
    stood = node.head().number
    with community.ledger(wait_s=8.0) as ledger, pytest.raises(NodeTrouble, match="journalled"):
        community.settle(ledger, begin)
    assert node.head().number <= stood + 1  # one that was voted on before may still have come
    assert community.settled() == list(range(begin))
    local.up(["node-2", "node-3"])
    settle_next(community)
    assert len(community.settled()) == begin + 1


@HEALED
def test_one_validator_cut_off(local, community, space):
    if space is None:
        pytest.skip("cutting a node off needs root and network namespaces: run it as root")
    subprocess.run(["ip", "link", "set", LINK, "down"], check=True)
    try:
        settle_next(community, 2)
        top = max(heads(local, ALL[:3]))
    finally:
        subprocess.run(["ip", "link", "set", LINK, "up"], check=True)
    local.wait_for_block(top, ["node-4"])
    assert community.settled("node-4") == community.settled()
    assert disagreement(node_of(local), node_of(local, "node-4")) == ""


@HEALED
def test_killed_while_settling(local, community):
    """kill -9 of one who settles, over and over, and of the node that it talks to."""
    begin, count = len(community.settled()), 4
    for wait_s in (1.2, 2.5, 4.0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the child starts no threads
            pid = os.fork()
        if pid == 0:
            try:
                with community.ledger() as ledger:
                    for number in range(begin, begin + count):
                        community.settle(ledger, number)
            finally:
                os._exit(0)
        time.sleep(wait_s)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    local.down(["node-1"], kill=True)
    with pytest.raises(StoreError), community.ledger() as ledger:
        community.settle(ledger, begin)
    local.up(["node-1"])
    with community.ledger() as ledger:
        for number in range(begin, begin + count):
            community.settle(ledger, number)
    assert community.settled() == list(range(begin + count))
    local.wait_for_block(max(heads(local)))
    assert community.settled("node-2") == community.settled()


@HEALED
def test_a_validator_is_killed_while_settlements_flow(local, community):
    """First another one, then the one that is talked to; each settlement is there once."""
    begin = len(community.settled())
    first, second = range(begin, begin + 60), range(begin + 60, begin + 100)

    def kill(name, at):
        return lambda number: number == at and local.down([name], kill=True)

    with community.ledger() as ledger:
        told = community.flow(ledger, first, kill("node-3", begin + 20))
    assert [key for key, _ in told] == [f"settle/{number}" for number in first]
    assert all(isinstance(answer, Receipt) for _, answer in told)
    local.up(["node-3"])
    with pytest.raises(StoreError), community.ledger() as ledger:
        community.flow(ledger, second, kill("node-1", begin + 80))
    local.up(["node-1"])
    with community.ledger() as ledger:
        told = community.flow(ledger, second)
    assert [key for key, _ in told] == [f"settle/{number}" for number in second]
    assert all(isinstance(answer, Receipt) for _, answer in told)
    assert community.settled() == list(range(begin + 100))
    local.wait_for_block(max(heads(local)))
    assert community.settled("node-3") == community.settled()


@HEALED
def test_a_validator_retires_and_joins_by_vote(local, community):
    (leaver,) = (each.address for each in local.network.validators if each.name == "node-4")
    before = validators(node_of(local), LOCAL)
    assert before == local.network.addresses
    for joins, voters in ((False, ALL[:3]), (True, ALL[:3])):
        expected = [each for each in before if joins or each != leaver]
        for name in voters:
            vote(node_of(local, name), LOCAL, leaver, joins=joins)
        for _ in range(240):
            if validators(node_of(local), LOCAL) == expected:
                break
            time.sleep(0.25)
        assert validators(node_of(local), LOCAL) == expected
        settle_next(community)
    node = node_of(local)
    top = node.final()
    counted = proposed(node, 1, top)
    assert sum(counted.values()) == top
    assert set(counted) == set(before)


def test_commands(kcn, tmp_path):
    """A network of one, which is there again after it was stopped."""
    port, folder = str(free_port()), str(tmp_path / "net")

    def run(*arguments):
        return CliRunner().invoke(cli, ["network", *arguments])

    up = ("up", "--validators", "1", "--out", folder, "--port", port, "--program", str(kcn))
    begun = run(*up, "--json")
    try:
        assert begun.exit_code == 0, begun.output
        told = json.loads(begun.output)
        assert told["nodes"][0]["head"] >= 2
        account = Account.load(tmp_path / "net" / "account.key")
        assert connect(told["nodes"][0]["address"], 4711).balance(account.address) > 0
        other = run(*up[:4], str(tmp_path / "other"), *up[5:])
        assert f"port {int(port) + 1} of 127.0.0.1 is in use" in str(other.exception)
        assert run("down", folder).output == "stopped node-1\n"
        status = run("status", folder)
        assert (status.exit_code, status.output[-10:]) == (1, "  stopped\n")
        assert run(*up, "-q").exit_code == 0
        again = json.loads(run("status", folder, "--json").output)
        assert again["nodes"][0]["head"] >= told["nodes"][0]["head"]
    finally:
        run("down", folder)
