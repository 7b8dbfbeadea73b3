"""What Besu is given, held against what Besu 26.3 itself reads, writes and answers.

There is no Besu here. Its own examples stand for it: vectors that its tests encode and decode, the
names and types of its options, its wire names and its messages (https://github.com/besu-eth/besu).
"""

import configparser
import json
import tomllib
from types import SimpleNamespace

import pytest
import rlp
from click.testing import CliRunner
from web3 import Web3
from web3.providers.base import BaseProvider

from gridpact.app.cli import networking_vote
from gridpact.app.cli.commands import cli
from gridpact.base.errors import BadInput
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.network.folders import BESU, enode, write_network
from gridpact.ledger.evm.network.genesis import QBFT_MIX, besu_genesis, qbft_extra
from gridpact.ledger.evm.network.plan import Network, Validator
from gridpact.ledger.evm.network.reading import read_plan
from gridpact.ledger.evm.node import Answer, Reverted
from gridpact.ledger.evm.rpc import LOG_BLOCKS, Web3Node, _answered

VANITY = "a0" + "00" * 32
EXTRAS = [
    # `besu rlp encode --type QBFT_EXTRA_DATA`
    (
        ("be068f726a13c8d46c44be6ce9d275600e1735a4", "5ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193"),
        (
            f"f84f{VANITY}ea94be068f726a13c8d46c44be6ce9d275600e1735a4"
            "945ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193c080c0"
        ),
    ),
    # `besu rlp decode`
    (
        ("241f804efb46f71acaa5be94a62f7798e89c3724", "6cdf72da457453063ea92e7fa5ac30afbcec28cd"),
        (
            f"f84f{VANITY}ea94241f804efb46f71acaa5be94a62f7798e89c3724"
            "946cdf72da457453063ea92e7fa5ac30afbcec28cdc080c0"
        ),
    ),
    # a genesis block whose validators a contract names
    ((), f"e5{VANITY}c0c080c0"),
]
# `besu operator generate-blockchain-config` with two nodes' public keys, and what it writes
KEYS = (
    (
        "9481ee2b34196827e8c4807ae29c2675c15d3641e482ab81cc0bc3ef535755b4"
        "26b9f5c474213df28a563fab0bf0830b455ee8955b3faac93075422a6abf160d"
    ),
    (
        "f9dff57fc0bae7cba6577d82caf40cf6d266afc2a212775eb45c2188ab30aeed"
        "01e724daf4203649d4aa7e30717bfeeaf0b4c30b5d651bad39bcae8429759889"
    ),
)
OPERATOR = (
    f"f84f{VANITY}ea94d5feb0fc5a54a89f97aeb34c3df15397c19f6dd2"
    "94d6a9a4c886eb008ac307abdc1f38745c1dd13a88c080c0"
)
# a header's extra data with a vote, a round and two seals in it, as the codec's test has it
SEALED = (
    "f8f0a00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20ea9400000000000000000000"
    "00000000000000000001940000000000000000000000000000000000000002d7940000000000000000000000000000"
    "00000000000181ff83fedcbaf886b8410000000000000000000000000000000000000000000000000000000000000"
    "001000000000000000000000000000000000000000000000000000000000000000a00b84100000000000000000000"
    "0000000000000000000000000000000000000000000a0000000000000000000000000000000000000000000000000"
    "00000000000000100"
)
# options that we set, by the type that Besu reads each as; it stops at any that it does not know
OPTIONS = {
    "data-path": str,
    "genesis-file": str,
    "node-private-key-file": str,
    "network-id": int,
    "p2p-host": str,
    "p2p-port": int,
    "static-nodes-file": str,
    "discovery-enabled": bool,
    "max-peers": int,
    "remote-connections-limit-enabled": bool,
    "rpc-http-enabled": bool,
    "rpc-http-host": str,
    "rpc-http-port": int,
    "rpc-http-api": list,
    "min-gas-price": int,
    "tx-pool": str,
    "tx-pool-limit-by-account-percentage": float,
    "sync-mode": str,
    "data-storage-format": str,
    "Xdns-enabled": bool,
    "Xdns-update-enabled": bool,
}
NODE = (
    "6f8a80d14311c39f35f516fa664deaaaa13e85b2f7493f37f6144d86991ec012"
    "937307647bd3b9a82abe2974e1407241d54947bbb39763a4cac9f77166ad92a0"
)


def validators(*hosts):
    keys = [Account(number.to_bytes(32, "big")) for number in range(2, 2 + len(hosts))]
    made = {f"v{place}": key for place, key in enumerate(keys)}
    nodes = [
        Validator(name, "participant", host, key.public, port=30303 + place)
        for place, (host, (name, key)) in enumerate(zip(hosts, made.items(), strict=True))
    ]
    return Network("north", 4712, tuple(nodes), block_s=2), made


@pytest.fixture
def written(tmp_path):
    def write(*hosts):
        network, keys = validators(*hosts)
        write_network(network, keys, tmp_path / "north", BESU)
        return network, tmp_path / "north"

    return write


@pytest.mark.parametrize(("listed", "extra"), EXTRAS)
def test_extra_data_is_what_besu_encodes(listed, extra):
    assert qbft_extra([bytes.fromhex(each) for each in listed]).hex() == extra


def test_a_nodes_key_gives_the_address_that_besu_puts_into_extra_data():
    nodes = [Validator("n", "participant", "h", bytes.fromhex(key)) for key in KEYS]
    assert qbft_extra([each.address for each in nodes]).hex() == OPERATOR


def test_fields_stand_where_besu_has_them_in_a_sealed_header():
    vanity, listed, vote, number, seals = rlp.decode(bytes.fromhex(SEALED))
    assert (len(vanity), vote[1], number.hex(), len(seals)) == (32, b"\xff", "fedcba", 2)
    assert rlp.decode(qbft_extra(listed)) == [bytes(32), listed, [], b"", []]


def test_the_genesis_block_has_what_besu_reads():
    genesis = besu_genesis(validators("10.0.0.1", "10.0.0.2")[0])
    assert set(genesis) <= {
        "config", "nonce", "timestamp", "extraData", "gasLimit", "difficulty", "mixHash",
        "coinbase", "alloc", "number", "gasUsed", "parentHash", "baseFeePerGas",
    }  # fmt: skip
    assert set(genesis["config"]) == {"chainId", "londonBlock", "zeroBaseFee", "qbft"}
    assert set(genesis["config"]["qbft"]) == {
        "blockperiodseconds", "epochlength", "requesttimeoutseconds",
    }  # fmt: skip
    # Besu knows QBFT headers by it: the words that Istanbul's authors wrote there
    assert bytes.fromhex(QBFT_MIX[2:]) == b"ctical byzantine fault tolerance"
    assert all(isinstance(genesis[each], str) for each in ("nonce", "timestamp", "gasLimit"))
    assert len(bytes.fromhex(genesis["coinbase"][2:])) == 20


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("192.168.0.1", "192.168.0.1:30303"),
        ("2001:db8:85a3::8a2e:370:7334", "[2001:db8:85a3::8a2e:370:7334]:30303"),
        ("localhost", "localhost:30303"),
    ],
)
def test_peers_are_written_as_besu_reads_them(host, place):
    node = Validator("n", "participant", host, bytes.fromhex(NODE))
    assert enode(node) == f"enode://{NODE}@{place}"


def test_each_option_is_one_of_besus_and_of_its_type(written):
    network, folder = written("10.0.0.1", "2001:db8::2", "validators.example")
    for each in network.validators:
        options = tomllib.loads((folder / each.name / "config.toml").read_text())
        assert set(options) <= set(OPTIONS)
        assert {
            name for name, value in options.items() if type(value) is not OPTIONS[name]
        } == set()
        # Besu takes an address here and stops at a name; names of peers need both options
        assert options.get("p2p-host") == (None if "example" in each.host else each.host)
        assert options["Xdns-enabled"] is options["Xdns-update-enabled"] is True
        assert options["max-peers"] >= len(network.validators)
        # the part of 4096 waiting transactions that an account may have, rounded up
        assert options["tx-pool-limit-by-account-percentage"] * 4096 > 600
        named = ("genesis-file", "node-private-key-file", "static-nodes-file")
        assert all((folder / each.name / options[option]).is_file() for option in named)
        # Besu takes the whole file for the key: one line of 64 digits, for its owner alone
        assert len((folder / each.name / "node.key").read_text().splitlines()) == 1
        peers = json.loads((folder / each.name / "static-nodes.json").read_text())
        assert len(peers) == 2


def test_addresses_alone_need_no_names(written):
    _, folder = written("10.0.0.1", "10.0.0.2")
    options = tomllib.loads((folder / "v1" / "config.toml").read_text())
    assert "Xdns-enabled" not in options
    assert (options["p2p-host"], options["p2p-port"]) == ("10.0.0.2", 30304)


def test_the_unit_lets_a_java_machine_run_and_end(written):
    _, folder = written("10.0.0.1")
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read(folder / "v0" / "gridpact-north-v0.service")
    service = unit["Service"]
    # all is read-only but the folder, and a /tmp of its own, where native libraries are unpacked
    assert (service["ProtectSystem"], service["PrivateTmp"]) == ("strict", "true")
    assert service["ReadWritePaths"] == service["WorkingDirectory"]
    assert service["SuccessExitStatus"] == "143"  # 128 + SIGTERM
    assert service["ExecStart"].startswith("/")


@pytest.mark.parametrize("host", ["10.0.0.1:30303", "node_1", "a..b", "10.0.0.999", "-a", ""])
def test_a_host_that_no_peer_could_read_is_refused(tmp_path, host):
    plan = tmp_path / "network.yaml"
    plan.write_text(
        "gridpact: 1\nnetwork: n\nchain: 7\nvalidators:\n"
        f"  - {{name: a, keeper: participant, host: '{host}'}}\n"
    )
    with pytest.raises(BadInput) as told:
        read_plan(plan, lambda: Account(b"\1" * 32))
    assert [each.where for each in told.value.faults] == ["validators[0].host"]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Known transaction", Answer.KNOWN),
        ("Nonce too low", Answer.PAST),
        ("Replacement transaction underpriced", Answer.UNDERPRICED),
        ("Gas price below configured minimum gas price", Answer.UNDERPRICED),
        ("Gas price below current base fee", Answer.UNDERPRICED),
        ("Transaction nonce is too distant from current sender nonce", Answer.REFUSED),
        ("Upfront cost exceeds account balance", Answer.REFUSED),
        ("Transaction gas limit exceeds block gas limit", Answer.REFUSED),
    ],
)
def test_what_besu_says_of_a_transaction_is_understood(said, answer):
    assert _answered(said).answer is answer


class Besu(BaseProvider):
    """Refuses each call as Besu does."""

    def __init__(self, message, data):
        super().__init__()
        self.error = {"code": -32000, "message": message, "data": data}

    def make_request(self, method, params):
        told = {"result": "0x1268"} if method == "eth_chainId" else {"error": self.error}
        return {"jsonrpc": "2.0", "id": 1, **told}


def reverted_with(text):
    """``Error(string)`` as contracts return it."""
    words = (32).to_bytes(32, "big"), len(text).to_bytes(32, "big"), text.encode().ljust(32, b"\0")
    return "0x08c379a0" + b"".join(words).hex()


@pytest.mark.parametrize(
    ("message", "data", "reason"),
    [
        ("Execution reverted (stopped)", reverted_with("stopped"), "stopped"),
        ("Execution reverted", "0x", ""),
    ],
)
def test_why_a_contract_refused_is_understood(message, data, reason):
    node = Web3Node(Web3(Besu(message, data)), "besu")
    assert node.call(bytes(20), b"") == Reverted(reason)


def test_events_are_asked_for_in_ranges_that_besu_answers():
    assert LOG_BLOCKS <= 5_000  # --rpc-max-logs-range


def test_a_vote_goes_to_the_keepers_own_machine(written, monkeypatch):
    _, folder = written("10.0.0.1", "10.0.0.2")
    asked = []

    def request(method, parameters):
        asked.append((method, parameters))
        return ["0x" + "11" * 20] if method.startswith("qbft_get") else True

    def connect(address, chain):
        asked.append((address, chain))
        return SimpleNamespace(request=request, place=address)

    monkeypatch.setattr(networking_vote, "connect", connect)
    words = [
        "network",
        "vote",
        str(folder),
        "--by",
        "v1",
        "--for",
        "besu",
        "--in",
        "0x" + "22" * 20,
    ]
    done = CliRunner().invoke(cli, words)
    assert done.output == f"  0x{'11' * 20}\n"
    assert asked == [
        ("http://127.0.0.1:8545", 4712),
        ("qbft_proposeValidatorVote", ["0x" + "22" * 20, True]),
        ("qbft_getValidatorsByBlockNumber", ["latest"]),
    ]
    CliRunner().invoke(cli, [*words, "--node", "http://[::1]:9"])
    assert asked[3] == ("http://[::1]:9", 4712)
