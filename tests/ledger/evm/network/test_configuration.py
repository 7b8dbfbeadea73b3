"""What keepers of validators are given, held against published examples."""

import json
import tomllib

import pytest
import rlp
from click.testing import CliRunner
from eth_keys.datatypes import PrivateKey

from gridpact.app.cli.commands import cli
from gridpact.app.networks.processes import LocalNetwork
from gridpact.base.errors import BadInput, StoreError
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.network.folders import BESU, LOCAL, enode, read_network, write_network
from gridpact.ledger.evm.network.genesis import istanbul_extra, qbft_extra
from gridpact.ledger.evm.network.plan import BLOCKS, EQUAL, Network, Rewards, Validator
from gridpact.ledger.evm.network.reading import read_plan
from gridpact.ledger.evm.network.rewards import reward_entries, shares

# Besu's documentation, "Configure QBFT consensus", genesis file
BESU_EXTRA = (
    "f87aa00000000000000000000000000000000000000000000000000000000000000000f8549464a702e6263b7297a9"
    "6638cac6ae65e6541f4169943923390ad55e90c237593b3b0e401f3b08a0318594aefdb9a738c9f433e5b6b212a6d6"
    "2f6370c2f69294c7eeb9a4e00ce683cf93039b212648e01c6c6b78c080c0"
)
BESU_VALIDATORS = (
    "64a702e6263b7297a96638cac6ae65e6541f4169",
    "3923390ad55e90c237593b3b0e401f3b08a03185",
    "aefdb9a738c9f433e5b6b212a6d62f6370c2f692",
    "c7eeb9a4e00ce683cf93039b212648e01c6c6b78",
)
# written by kaia's own tool: homi setup --gen-type local --cn-num 4
HOMI_EXTRA = (
    "0000000000000000000000000000000000000000000000000000000000000000f89af85494a7c082c449293c741c20"
    "fc34ceaf848c70cdc608944c435d3b9ca3c08b85946003b0db6a5d99f172d69466c063da70f0b4b1e1d0847b3036a9"
    "6df5c26007945b97ae0debe1b3e09a8841c224d940188c2dc947b841" + "00" * 65 + "c0"
)
HOMI_VALIDATORS = (
    "a7c082c449293c741c20fc34ceaf848c70cdc608",
    "4c435d3b9ca3c08b85946003b0db6a5d99f172d6",
    "66c063da70f0b4b1e1d0847b3036a96df5c26007",
    "5b97ae0debe1b3e09a8841c224d940188c2dc947",
)
PLAN = """gridpact: 1
network: north
chain: 4712
block_s: 2
validators:
  - {name: mill, keeper: participant, participant: mill, host: 10.0.0.1}
  - {name: bakery, keeper: participant, participant: bakery, host: 10.0.0.2, port: 30400}
  - {name: coop, keeper: participant, participant: coop, host: 10.0.0.3}
  - name: hoster
    keeper: third party
    participant: hoster
    host: validators.example
    public: "0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\\
      483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
accounts: ["0x52908400098527886E0F7030069857D2E4169EE7"]
rewards: {token: nord, payer: coop, budget: 1001, rule: blocks}
"""


def made_key(place=iter(range(1000, 10**6))):  # noqa: B008 - each call another
    return Account(next(place).to_bytes(32, "big"))


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "network.yaml"
    path.write_text(PLAN)
    return path


@pytest.fixture
def network(plan):
    return read_plan(plan, made_key)


def test_extra_data_as_published():
    assert qbft_extra(list(map(bytes.fromhex, BESU_VALIDATORS))).hex() == BESU_EXTRA
    assert istanbul_extra(list(map(bytes.fromhex, HOMI_VALIDATORS))).hex() == HOMI_EXTRA


def test_addresses_are_those_of_the_keys(network):
    read, keys = network
    assert set(keys) == {"mill", "bakery", "coop"}
    for each in read.validators[:3]:
        assert each.address == keys[each.name].address
    # the curve's generator is the public key of 1, whose address is well known
    one = PrivateKey((1).to_bytes(32, "big")).public_key
    assert read.validators[3].public == one.to_bytes()
    assert read.validators[3].address.hex() == "7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def test_what_besu_is_given(network, tmp_path):
    read, keys = network
    folder = tmp_path / "north"
    written = write_network(read, keys, folder, BESU)
    assert sorted(written) == sorted(each for each in folder.rglob("*") if each.is_file())
    genesis = json.loads((folder / "mill" / "genesis.json").read_text())
    fields = rlp.decode(bytes.fromhex(genesis["extraData"][2:]))
    assert fields == [bytes(32), read.addresses, [], b"", []]
    assert genesis["config"]["chainId"] == 4712
    assert genesis["config"]["qbft"]["blockperiodseconds"] == 2
    assert list(genesis["alloc"]) == ["52908400098527886e0f7030069857d2e4169ee7"]
    settings = tomllib.loads((folder / "bakery" / "config.toml").read_text())
    assert settings["p2p-port"] == 30400
    assert settings["Xdns-enabled"] is True  # a peer is known by its name
    peers = json.loads((folder / "hoster" / "static-nodes.json").read_text())
    assert peers == [enode(each) for each in read.validators[:3]]
    unit = (folder / "coop" / "gridpact-north-coop.service").read_text()
    assert "\nExecStart=/opt/besu/bin/besu --config-file=config.toml\n" in unit
    assert "\nWorkingDirectory=/var/lib/gridpact/north/coop\n" in unit
    assert read_network(folder) == read


def test_secrets_stay_with_who_has_them(network, tmp_path):
    read, keys = network
    write_network(read, keys, tmp_path / "north", LOCAL)
    assert not (tmp_path / "north" / "hoster" / "node.key").exists()
    for name, key in keys.items():
        path = tmp_path / "north" / name / "node.key"
        assert path.stat().st_mode & 0o777 == 0o600
        assert Account.load(path).address == key.address
        secret = path.read_text().strip()
        others = [each for each in (tmp_path / "north").rglob("*") if each.is_file()]
        assert [each for each in others if secret in each.read_text()] == [path]
    with pytest.raises(StoreError, match="is not empty"):
        write_network(read, keys, tmp_path / "north", LOCAL)


def test_every_fault_is_told_with_its_line(plan):
    text = PLAN.replace("chain: 4712", "chain: soon").replace("keeper: third party", "keeper: me")
    text = text.replace("bakery, host: 10.0.0.2", "x, host: 10.0.0.2, hots: y")
    text = text.replace("name: coop", "name: mill").replace("d4b8", "d4b9").replace("EE7", "EEg")
    plan.write_text(text.replace("budget: 1001", "budget: -1"))
    with pytest.raises(BadInput) as told:
        read_plan(plan, made_key)
    assert [(each.line, each.where) for each in told.value.faults] == [
        (3, "chain"),
        (7, "validators[1].hots"),
        (8, "validators[2].name"),
        (10, "validators[3].keeper"),
        (13, "validators[3].public"),
        (15, "accounts[0]"),
        (16, "rewards.budget"),
    ]


@pytest.mark.parametrize(
    ("rule", "blocks", "expected"),
    [
        (EQUAL, (0, 0, 0, 0), {"bakery": 251, "coop": 250, "hoster": 250, "mill": 250}),
        (BLOCKS, (1, 0, 0, 1), {"bakery": 0, "coop": 0, "hoster": 501, "mill": 500}),
        (BLOCKS, (10, 20, 30, 40), {"bakery": 200, "coop": 300, "hoster": 401, "mill": 100}),
        (BLOCKS, (0, 0, 0, 0), {"bakery": 0, "coop": 0, "hoster": 0, "mill": 0}),
    ],
)
def test_rewards_sum_to_the_budget(network, rule, blocks, expected):
    read, _ = network
    rewarded = Network(
        read.name, read.chain, read.validators, rewards=Rewards("nord", "coop", 1001, rule)
    )
    counts = {each.address: count for each, count in zip(read.validators, blocks, strict=True)}
    found = shares(rewarded, counts)
    assert found == expected
    assert sum(found.values()) == (1001 if rule == EQUAL or any(blocks) else 0)
    entries = reward_entries(rewarded, counts)
    assert {each.receiver: each.units for each in entries} == {
        name: units for name, units in expected.items() if units and name != "coop"
    }
    assert all((each.token, each.sender) == ("nord", "coop") for each in entries)


def test_without_rewards_nobody_is_paid():
    read = Network("n", 1, (Validator("a", "participant", "h", b"\1" * 64),))
    assert reward_entries(read, {}) == []


def test_the_command(plan, tmp_path):
    out = tmp_path / "north"
    done = CliRunner().invoke(cli, ["network", "config", str(plan), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert [each["key"] for each in told["validators"]] == [
        *["key made here"] * 3,
        "key of its own",
    ]
    assert len(told["files"]) == 2 + 4 * 4 + 3
    down = CliRunner().invoke(cli, ["network", "status", str(out)])
    assert (down.exit_code, down.output.count("stopped")) == (1, 4)
    assert CliRunner().invoke(cli, ["network", "down", str(out)]).output == "no node ran\n"


def test_a_folder_that_was_configured_can_be_started(network, tmp_path):
    """Each node gets its first block once, by ``init``; a stand-in for the program notes calls."""
    read, keys = network
    folder, program = tmp_path / "north", tmp_path / "kcn"
    write_network(read, keys, folder, LOCAL)
    program.write_text(f'#!/bin/sh\necho "$PWD $@" >> {tmp_path}/calls\n')
    program.chmod(0o755)
    local = LocalNetwork(read, folder, program)
    for _ in range(2):
        local.begin()
    expected = [
        f"{folder / each.name} --datadir=. init {folder}/genesis.json" for each in read.validators
    ]
    assert (tmp_path / "calls").read_text().splitlines() == expected
    for each in read.validators:
        peers = folder / each.name / "klay" / "static-nodes.json"
        assert peers.read_text() == (folder / each.name / "static-nodes.json").read_text()
