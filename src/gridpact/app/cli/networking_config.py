"""``gridpact network config`` and ``reward``: files for keepers, and what they earn."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.ledgering_options import FILE
from gridpact.app.cli.networking_local import FOLDER, PLACE, endurance
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.networks.planning import new_key
from gridpact.app.networks.processes import address_of
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.evm.network.folders import ENGINES, write_network
from gridpact.ledger.evm.network.folders import read_network as read
from gridpact.ledger.evm.network.plan import Network
from gridpact.ledger.evm.network.reading import read_plan
from gridpact.ledger.evm.network.rewards import proposed, reward_entries
from gridpact.ledger.evm.rpc import connect


@click.command(
    short_help="Write what the keepers of validators need.",
    epilog="""\b
Example:
  gridpact network config network.yaml --for besu --out north""",
)
@click.argument("file", type=FILE)
@click.option("--for", "engine", type=click.Choice(ENGINES), default="besu", show_default=True)
@click.option("--out", required=True, type=PLACE, help="New folder.")
@output_options
def config(file: Path, engine: str, out: Path, *, as_json: bool, quiet: bool) -> None:
    """Write genesis block, keys, peers, settings and systemd units of the network in FILE.

    Each validator gets a folder, to be given to its keeper. Who makes the key of a node alone
    names its public key in FILE; then no key is made here.
    """
    network, keys = read_plan(file, new_key)
    written = write_network(network, keys, out, engine)
    if as_json:
        say_json(
            {"validators": _described(network, keys), "files": [str(each) for each in written]}
        )
    elif not quiet:
        say(f"{len(written)} files in {out}: chain {network.chain} for {engine}")
        for each in _described(network, keys):
            say("  {name}  {address}  {keeper}, {key}".format(**each))
        say(f"the chain {endurance(network)}")


def _described(network: Network, keys: object) -> list[dict[str, str]]:
    made = keys if isinstance(keys, dict) else {}
    return [
        {
            "name": each.name,
            "address": f"0x{each.address.hex()}",
            "keeper": each.keeper,
            "key": "key made here" if each.name in made else "key of its own",
        }
        for each in network.validators
    ]


@click.command(
    short_help="Share a period's reward among validators.",
    epilog="""\b
Example:
  gridpact network reward north --first 1 --last 86400""",
)
@FOLDER
@click.option("--first", type=click.IntRange(1), required=True, help="The period's first block.")
@click.option("--last", type=click.IntRange(1), required=True, help="Its last one.")
@click.option("--node", help="JSON-RPC address; that of the first validator unless told.")
@output_options
def reward(folder: Path, first: int, last: int, node: str | None, **given: object) -> None:
    """Count who proposed the blocks of a period and share the token of the network in FOLDER.

    What is printed are transfers of the token, to be put on the ledger by who pays them.
    """
    network = read(folder)
    if network.rewards is None:
        fix = "state them in the file of the network"
        raise BadInput([Fault(str(folder), 0, "rewards", "there are none", fix)])
    asked = connect(node or address_of(network.validators[0]), network.chain)
    entries = reward_entries(network, proposed(asked, first, last))
    if given["as_json"]:
        say_json(entries)
    elif not given["quiet"]:
        for each in entries:
            say(f"  {each.receiver}  {each.units} {each.token} from {each.sender}")
