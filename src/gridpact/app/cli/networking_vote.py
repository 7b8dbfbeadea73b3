"""``gridpact network vote``: validators join and retire by votes of the others."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.networking_local import FOLDER, addresses_of
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.networks.processes import address_of
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.evm.network.besu import MACHINE
from gridpact.ledger.evm.network.folders import read_network as read
from gridpact.ledger.evm.network.voting import BY_ENGINE, LOCAL, validators
from gridpact.ledger.evm.network.voting import vote as put
from gridpact.ledger.evm.rpc import connect


@click.command(
    short_help="Vote a validator in or out, or list validators.",
    epilog="""\b
Examples:
  gridpact network vote net --by node-1 --out 0x52908400098527886E0F7030069857D2E4169EE7
  gridpact network vote north --by mill --for besu""",
)
@FOLDER
@click.option("--by", required=True, help="The validator whose node votes.")
@click.option("--for", "engine", type=click.Choice([LOCAL, *BY_ENGINE]), default=LOCAL)
@click.option("--in", "joining", metavar="ADDRESS", help="A validator that joins.")
@click.option("--out", "leaving", metavar="ADDRESS", help="A validator that retires.")
@click.option("--node", help="JSON-RPC address of that node; unless told, as configured.")
@output_options
def vote(folder: Path, by: str, engine: str, node: str | None, **given: object) -> None:
    """Put a vote to one node of the network in FOLDER; it counts with the blocks it proposes.

    More than half of the validators must vote alike. Without --in and --out, list them. Nodes
    but those of the test network answer on their own machine alone, so vote there.
    """
    network = read(folder)
    found = [each for each in network.validators if each.name == by]
    if not found:
        fix = f"name one of {', '.join(each.name for each in network.validators)}"
        raise BadInput([Fault("arguments", 0, "--by", f"no validator is called {by}", fix)])
    own = address_of(found[0]) if engine == LOCAL else f"http://{MACHINE}:{found[0].rpc}"
    asked = connect(node or own, network.chain)
    for key, joins in (("joining", True), ("leaving", False)):
        for address in addresses_of(f"--{'in' if joins else 'out'}", [given[key]]):
            put(asked, engine, address, joins=joins)
    listed = [f"0x{each.hex()}" for each in validators(asked, engine)]
    if given["as_json"]:
        say_json({"validators": listed})
    elif not given["quiet"]:
        for each in listed:
            say(f"  {each}")
