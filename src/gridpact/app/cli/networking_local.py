"""``gridpact network up``, ``down`` and ``status``: a test network on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from gridpact.app.cli.ledgering_options import FILE
from gridpact.app.cli.output import mark, output_options, say, say_json
from gridpact.app.networks.planning import local_network, new_key
from gridpact.app.networks.processes import LocalNetwork, NodeStatus, find_kcn, keep_program
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.evm.accounts import ADDRESS_BYTES
from gridpact.ledger.evm.network.folders import LOCAL, write_network
from gridpact.ledger.evm.network.folders import read_network as read
from gridpact.ledger.evm.network.plan import FEWEST, Network

ACCOUNT = "account.key"
PROGRAM = click.option("--program", type=FILE, help="Nodes' program, kcn; else as before.")
PLACE = click.Path(file_okay=False, path_type=Path)
FOLDER = click.argument("folder", type=PLACE)


@click.command(
    short_help="Start a test network of validators on this machine.",
    epilog="""\b
Examples:
  gridpact network up --validators 4 --out net
  gridpact network up --out net""",
)
@click.option("--validators", type=click.IntRange(1, 20), default=4, show_default=True)
@click.option("--out", required=True, type=PLACE, help="Folder of the network, or a new one.")
@click.option("--chain", type=click.IntRange(1, 2**53), default=4711, show_default=True)
@click.option("--port", type=click.IntRange(1024, 60000), default=8545, show_default=True)
@click.option("--fund", multiple=True, metavar="ADDRESS", help="Account with fuel; repeatable.")
@PROGRAM
@output_options
def up(
    validators: int, out: Path, chain: int, port: int, fund: tuple[str, ...], **given: object
) -> None:
    """Start a network that is there already, or make one of --validators nodes and start it.

    JSON-RPC answers at --port and the ports after it. A new network has one account with fuel,
    whose key is account.key in its folder, beside those that you fund.
    """
    program = given["program"]
    kcn = find_kcn(program if isinstance(program, Path) else None, out)
    if (out / "network.json").exists():
        local = LocalNetwork(read(out), out, kcn)
    else:
        funded = addresses_of("--fund", fund)
        account = new_key()
        network, keys = local_network(validators, chain, port, [account.address, *funded])
        write_network(network, keys, out, LOCAL)
        account.save(out / ACCOUNT)
        local = LocalNetwork(network, out, kcn)
        local.begin()
    if program is not None:
        keep_program(out, kcn)
    local.up()
    local.wait_for_block(2)
    _tell(local, given)


@click.command(
    short_help="Stop a test network.",
    epilog="""\b
Examples:
  gridpact network down net
  gridpact network down net --node node-3""",
)
@FOLDER
@click.option("--node", "names", multiple=True, help="A node to stop, not all; repeatable.")
@output_options
def down(folder: Path, names: tuple[str, ...], *, as_json: bool, quiet: bool) -> None:
    """Stop the nodes of the network in FOLDER; up starts them again where they were."""
    stopped = LocalNetwork(read(folder), folder, Path()).down(names or None)
    if as_json:
        say_json({"stopped": stopped})
    elif not quiet:
        say(f"stopped {', '.join(stopped)}" if stopped else "no node ran")


@click.command(
    short_help="Show the nodes of a test network.",
    epilog="""\b
Example:
  gridpact network status net""",
)
@FOLDER
@output_options
def status(folder: Path, **given: object) -> None:
    """Show for each node of the network in FOLDER whether it runs, its head and its peers.

    The exit code is 1 where so many validators are down that the chain stands still.
    """
    if _tell(LocalNetwork(read(folder), folder, Path()), given):
        sys.exit(1)


def _tell(local: LocalNetwork, given: dict[str, object]) -> bool:
    """Tell how a network is; return whether it stands still."""
    found = local.status()
    down = sum(node.head is None for node in found)
    still = down > local.network.faulty
    if given["as_json"]:
        say_json({"chain": local.network.chain, "faulty": local.network.faulty, "nodes": found})
    elif not given["quiet"]:
        now = f"stands still: {down} are down, and it {endurance(local.network)}"
        how = now if still else endurance(local.network)
        say(f"chain {local.network.chain} {how}")
        for node in found:
            say(_line(node))
    return still


def endurance(network: Network) -> str:
    """Say how many of a network's validators may be down."""
    if not network.faulty:
        return f"halts where a validator is down; {FEWEST} go on without one"
    return f"goes on with {network.faulty} of {len(network.validators)} validators down or lying"


def _line(node: NodeStatus) -> str:
    good = node.head is not None
    what = f"block {node.head}, {node.peers} peers" if good else "does not answer"
    return f"  {mark(good=good)} {node.name}  {node.address}  {what if node.running else 'stopped'}"


def addresses_of(option: str, texts: Iterable[object]) -> list[bytes]:
    """Read the addresses given to an option; BadInput lists those that are none."""
    found, faults = [], []
    for text in texts:
        if text is None:
            continue
        try:
            address = bytes.fromhex(str(text).removeprefix("0x"))
        except ValueError:
            address = b""
        if len(address) != ADDRESS_BYTES:
            problem = f"{text!r} is no address"
            faults.append(Fault(option, 0, "", problem, "write 0x and 40 hex digits"))
        found.append(address)
    if faults:
        raise BadInput(faults)
    return found
