"""Finalised settlements a second on a chain of four validators, beside plain token transfers.

Four validators run on this machine and vote on each block, one a second. Net settlements of N
parties, checked and signed as always, flow through the ledger on that chain; one party's net
position moved counts as one transfer. What is counted is final, read back and recomputed. Beside
them, on the same chain in the same run, plain transfers of a token as ERC-20 has them, each a
transaction of its own, sent as fast as the nodes take them. Besu's published figure for these is
645 a second on four nodes (its wiki, QBFT, sustained).

Run ``python benchmarks/settlements.py``; ``--quick`` for fewer. Where the validators' program is
not built (``scripts/network/build.sh``), it runs on a chain within this process, and says so.
"""

from __future__ import annotations

import json
import socket
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlsplit

from gridpact.agreements.addresses import checksummed
from gridpact.base.randomness import stream
from gridpact.ledger.acts import drafted
from gridpact.ledger.entries import Entry
from gridpact.ledger.evm.accounts import Call
from gridpact.ledger.evm.deploying import deploy
from gridpact.ledger.evm.evm import EvmLedger
from gridpact.ledger.evm.node import Node
from gridpact.ledger.evm.outbox import Outbox
from gridpact.ledger.evm.rpc import connect, in_process
from gridpact.ledger.evm.sending import Policy, Sender
from gridpact.ledger.evm.signing import ChainKey, demonstration_key, signed
from gridpact.ledger.flowing import flowing
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.port import Receipt, Refused

BESU = 645
PROGRAM = Path(__file__).parents[1] / "build" / "network" / "bin" / "kcn"
CHAIN, AT, SEED, VALIDATORS = 4716, 1_000, 7, 4
PARTIES, BLOCKS, TRANSFERS = (25, 50, 100, 200, 384), 60, 4_000
PER_ACT = 100
PER_POST = 100
HASH_BYTES = 32
SOURCE = """
balances: public(HashMap[address, uint256])

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

@deploy
def __init__():
    pass

@external
def mint(amount: uint256):
    self.balances[msg.sender] += amount

@external
def transfer(receiver: address, amount: uint256) -> bool:
    self.balances[msg.sender] -= amount
    self.balances[receiver] += amount
    log Transfer(sender=msg.sender, receiver=receiver, amount=amount)
    return True
"""
MINT, TRANSFER = bytes.fromhex("a0712d68"), bytes.fromhex("a9059cbb")


class Network(NamedTuple):
    """Nodes of one chain, and accounts that can pay there; the first is the authority's."""

    nodes: Sequence[Node]
    accounts: Sequence[ChainKey]
    note: str


class Flown(NamedTuple):
    """Settlements of so many parties: blocks, seconds, seconds to finality of each, gas."""

    parties: int
    blocks: int
    wall_s: float
    final_s: Sequence[float]
    gas: int

    @property
    def per_second(self) -> float:
        """Positions a second."""
        return self.parties * self.blocks / self.wall_s


def keys() -> list[ChainKey]:
    return [demonstration_key(SEED, f"account-{number}") for number in range(VALIDATORS)]


@contextmanager
def validators(folder: Path) -> Iterator[Network]:
    """Run four validators; they stop afterwards, whatever happens."""
    from gridpact.app.networks.planning import local_network
    from gridpact.app.networks.processes import LocalNetwork, address_of
    from gridpact.ledger.evm.network.folders import LOCAL, write_network

    accounts = keys()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = min(found.getsockname()[1], 60_000)
    network, secrets = local_network(
        VALIDATORS, CHAIN, port, [each.account().address for each in accounts]
    )
    write_network(network, secrets, folder, LOCAL)
    local = LocalNetwork(network, folder, PROGRAM)
    local.begin()
    try:
        local.up()
        local.wait_for_block(2)
        nodes = [connect(address_of(each), CHAIN) for each in network.validators]
        yield Network(nodes, accounts, f"{VALIDATORS} validators, a block a second")
    finally:
        local.down(kill=True)


@contextmanager
def within() -> Iterator[Network]:
    """A chain in this process, which makes a block of each transaction at once."""
    from web3.types import Wei

    node, accounts = in_process(), keys()
    rich = node.web3.eth.accounts[0]
    for each in accounts:
        to = checksummed(each.account().address)
        node.web3.eth.send_transaction({"from": rich, "to": to, "value": Wei(10**21)})
    yield Network([node], accounts, "no validators here: a chain within this process")


@contextmanager
def ledger_on(network: Network, folder: Path) -> Iterator[EvmLedger]:
    """Found a ledger, with an operator and as many members as settle."""
    account, node = network.accounts[0].account(), network.nodes[0]
    with closing(Outbox(folder / "outbox.db")) as outbox:
        sender = Sender(node, outbox, account, Policy(poll_s=0.05))
        made = deploy(sender, "settlements")
        rows = folder / "followed.db"
        with EvmLedger(node, made.front, rows, sender=sender, since=made.since) as ledger:
            yield ledger


def authorise(ledger: EvmLedger, key: ChainKey, members: Sequence[str]) -> None:
    """Admit the operator and all members; not measured."""
    operator = KeyBound("operator", key.public.raw)
    admitted = [ParticipantAuthorised(name, "prosumer") for name in members]
    acts: list[list[Entry]] = [[ParticipantAuthorised("operator", "operator"), operator]]
    acts += [[*admitted[n : n + PER_ACT]] for n in range(0, len(admitted), PER_ACT)]
    authority = (("auth-a", key.public.raw),)
    hand_in(ledger, [("found", [LedgerFounded(authority, 1, 300)])])
    blocks = [act(ledger, "auth-a", n, key, each) for n, each in enumerate(acts, 1)]
    hand_in(ledger, [(f"join/{n}", each) for n, each in enumerate(blocks)])


def act(
    ledger: EvmLedger, by: str, sequence: int, key: ChainKey, entries: Sequence[Entry]
) -> list[Entry]:
    draft = drafted((by,), entries, sequence=sequence, at=AT, why="the period is settled")
    return [signed(draft, ledger.genesis, by, key, entries), *entries]


def hand_in(ledger: EvmLedger, blocks: Sequence[tuple[str, list[Entry]]]) -> dict[str, float]:
    """Let blocks flow; return when each was final, in seconds after it was handed in."""
    began, final = dict[str, float](), dict[str, float]()

    def told(key: str, answer: Receipt | Refused) -> None:
        if isinstance(answer, Refused):
            raise RuntimeError(f"{key}: {answer.reason}")
        final[key] = perf_counter() - began[key]

    with flowing(ledger, told) as flow:
        for key, entries in blocks:
            began[key] = perf_counter()
            if refused := flow.commit(key, entries, AT):
                raise RuntimeError(f"{key}: {refused.reason}")
    return final


def settlement(members: Sequence[str], name: str) -> NetSettled:
    """Draw a settlement whose positions sum to zero."""
    drawn = stream(SEED, name)
    amounts = [int(each) for each in drawn.integers(-9_999, 9_999, len(members) - 1)]
    amounts = [each or 1 for each in amounts]
    rest = -sum(amounts)
    return NetSettled(name, "EUR", tuple(zip(members, [*amounts, rest], strict=True)))


def settle(
    network: Network, ledger: EvmLedger, members: Sequence[str], blocks: int, turn: int
) -> Flown:
    """Settle so many periods of these members, whose acts are signed before."""
    key, node = network.accounts[0], network.nodes[0]
    names = [f"{len(members)}-parties/{number}" for number in range(blocks)]
    made = [
        (name, act(ledger, "operator", turn + n, key, [settlement(members, name)]))
        for n, name in enumerate(names)
    ]
    begin = perf_counter()
    final = hand_in(ledger, made)
    wall = perf_counter() - begin
    return Flown(len(members), blocks, wall, sorted(final.values()), gas_of(node, ledger, blocks))


def gas_of(node: Node, ledger: EvmLedger, blocks: int) -> int:
    """Gas of the last blocks, read off their receipts."""
    top = ledger.head().height
    hashes = [ledger.block(top - n).signature[-HASH_BYTES:] for n in range(blocks)]
    found = [node.receipt(each) for each in hashes]
    return sum(each.gas for each in found if each)


def transfers(network: Network, count: int) -> tuple[float, float]:
    """Send plain transfers of a token, each account through a node; how many were final a second.

    Beside it the gas of one.
    """
    from vyper.compiler import compile_code  # a tool of developers
    from vyper.compiler.settings import Settings

    code = bytes.fromhex(
        compile_code(SOURCE, output_formats=["bytecode"], settings=Settings(evm_version="london"))[
            "bytecode"
        ][2:]
    )
    senders = [
        Sender(network.nodes[n % len(network.nodes)], Outbox(":memory:"), each.account())
        for n, each in enumerate(network.accounts)
    ]
    made = senders[0].run("token", b"", code)
    if not hasattr(made, "contract"):
        raise RuntimeError(f"no token: {made}")
    for each in senders:
        each.run("mint", made.contract, MINT + (10**12).to_bytes(32, "big"))
    share = count // len(senders)
    raws = [_raw_transfers(each, made.contract, share) for each in senders]
    begin = perf_counter()
    with ThreadPoolExecutor(len(network.nodes)) as pool:
        list(pool.map(_send_all, senders, raws))
    wall = perf_counter() - begin
    last = senders[0].node.receipt(raws[0][-1][1])
    return share * len(senders) / wall, last.gas if last else 0


def _raw_transfers(sender: Sender, token: bytes, count: int) -> list[tuple[bytes, bytes]]:
    """Sign transfers to ever the same receivers ahead of time."""
    node, account = sender.node, sender.account
    price, first = 2 * node.price(), node.nonce(account.address)
    made = []
    for number in range(count):
        receiver = bytes(12) + bytes([1 + number % 100]) * 20
        data = TRANSFER + receiver + (1).to_bytes(32, "big")
        made.append(account.sign(node.chain, first + number, price, Call(token, data, 80_000)))
    return made


def _send_all(sender: Sender, raws: Sequence[tuple[bytes, bytes]]) -> None:
    """Send all, and wait until the last is final."""
    if sender.node.place.startswith("http"):
        _post_all(sender.node.place, [raw for raw, _ in raws])
    else:
        for raw, _ in raws:
            sender.node.send(raw)
    sender.until(lambda: sender.node.receipt(raws[-1][1]), "the last transfer")


def _post_all(address: str, raws: Sequence[bytes]) -> None:
    """Post transactions a hundred to a request, so that not the client is measured."""
    where = urlsplit(address)
    with closing(HTTPConnection(where.hostname or "", where.port)) as connection:
        for start in range(0, len(raws), PER_POST):
            body = [
                {
                    "jsonrpc": "2.0",
                    "id": number,
                    "method": "eth_sendRawTransaction",
                    "params": [f"0x{raw.hex()}"],
                }
                for number, raw in enumerate(raws[start : start + PER_POST])
            ]
            headers = {"content-type": "application/json"}
            connection.request("POST", "/", json.dumps(body), headers)
            for answer in json.loads(connection.getresponse().read()):
                if "error" in answer:
                    raise RuntimeError(answer["error"])


def show(each: Flown) -> None:
    """Print one row."""
    half = statistics.median(each.final_s)
    most = each.final_s[min(int(0.95 * len(each.final_s)), len(each.final_s) - 1)]
    print(
        f"{each.parties:7} {each.blocks:7} {each.per_second:12,.0f} {half:9.2f} s {most:9.2f} s"
        f" {each.gas / each.blocks / each.parties:12,.0f}"
    )


def main() -> None:
    quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        real = PROGRAM.exists()
        sizes = (PARTIES[0], PARTIES[2]) if quick else PARTIES
        blocks = (12 if real else 3) if quick else BLOCKS
        with validators(folder / "net") if real else within() as network:
            print(f"{network.note}; positions settled and final a second, beside Besu's {BESU}\n")
            run(network, folder, sizes, blocks)
            per_second, gas = transfers(network, TRANSFERS // 10 if quick else TRANSFERS)
            print(f"\nplain transfers of a token: {per_second:,.0f} a second, {gas:,} gas each")


def run(network: Network, folder: Path, sizes: Sequence[int], blocks: int) -> None:
    """Settle on a ledger of its own, and show what came of it; all is recomputed at the end."""
    members = [f"home-{number:03}" for number in range(max(sizes))]
    key, turn = network.accounts[0], 2
    titles = ("parties", "blocks", "a second", "half", "95 %", "gas each")
    print("{:>7} {:>7} {:>12} {:>11} {:>11} {:>12}".format(*titles))
    with ledger_on(network, folder) as ledger:
        authorise(ledger, key, members)
        first = act(ledger, "operator", 1, key, [settlement(members, "first")])
        hand_in(ledger, [("first", first)])
        for parties in sizes:
            show(settle(network, ledger, members[:parties], blocks, turn))
            turn += blocks
        head = ledger.verify()
        print(f"\n{head.size:,} entries in {head.height:,} blocks recomputed from the chain")


if __name__ == "__main__":
    main()
