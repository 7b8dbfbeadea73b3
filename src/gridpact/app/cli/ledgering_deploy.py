"""``gridpact ledger deploy``: found a ledger on a chain."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.ledgering_init import QUORUM, SKEW, founding, say_founded
from gridpact.app.cli.ledgering_options import AT, done_at, slowness
from gridpact.app.cli.output import output_options
from gridpact.app.ledgers import home, keys
from gridpact.app.ledgers.chains import Chain


@click.command(
    short_help="Found a ledger on a chain, and put its contracts there.",
    epilog="""\b
Examples:
  gridpact contract key new a.key
  gridpact ledger deploy lane --name lane --node http://localhost:8545 --chain 4711 --as a=a.key""",
)
@click.argument("place", metavar="LEDGER", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", required=True, help="What the ledger is called.")
@click.option("--node", required=True, metavar="URL", help="A node of the chain: http://host:port.")
@click.option("--chain", required=True, type=click.IntRange(1), metavar="ID", help="Its chain id.")
@click.option("--second", default="", metavar="URL", help="Another node, whose view is compared.")
@click.option(
    "--finality",
    default="immediate",
    show_default=True,
    metavar="WHEN",
    help="When a block is final: immediate, finalized, or a number of blocks on top.",
)
@click.option("--as", "founder", required=True, metavar="NAME=KEY", help="Who founds it, and pays.")
@click.option(
    "--authority",
    "others",
    multiple=True,
    metavar="NAME=ADDRESS",
    help="Another authority and the file of its address.",
)
@QUORUM
@SKEW
@AT
@output_options
def deploy(
    place: Path,
    name: str,
    node: str,
    chain: int,
    second: str,
    finality: str,
    founder: str,
    others: tuple[str, ...],
    quorum: int | None,
    skew_s: int,
    moment: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Put a ledger's contracts on a chain, and found it with the authorities that keep it.

    LEDGER is a new folder: it keeps what is sent, and what was read and recomputed. Keys are those
    of 'gridpact contract key new'; the founder's account pays. From then on all commands on ledgers
    work as on a log. Stopped half-way, the same command goes on.
    """
    first, entry = founding(name, founder, others, quorum, skew_s)
    key = keys.chain_key(first.key)
    where = Chain(node, chain, finality=finality, second=second)
    slow = slowness(as_json=as_json, quiet=quiet)
    answer = home.deployed(place, name, where, key, (entry, done_at(moment)), slow)
    say_founded(place, name, entry, answer, as_json=as_json, quiet=quiet)
