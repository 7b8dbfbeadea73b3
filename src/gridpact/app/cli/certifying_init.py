"""``gridpact certificates init``: begin a register."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.certificates.folder import RegisterFolder
from gridpact.app.cli.certifying_words import REGISTER
from gridpact.app.cli.layout import counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json


@click.command(
    short_help="Begin a register from a file of rules.",
    epilog="""\b
Examples:
  gridpact certificates init --register lane --rules certificates.yaml""",
)
@REGISTER
@click.option(
    "--rules",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="YAML file of rules.",
)
@output_options
def init(folder: Path, rules: Path, as_json: bool, quiet: bool) -> None:
    """Begin a register: copy the rules into its folder, and open its journal.

    From then on certificates.yaml in the folder counts: change it there when devices or members
    come. The folder may be that of a book.
    """
    found = RegisterFolder.create(folder, rules).rules()
    if as_json:
        say_json({"register": str(folder), "name": found.name, "regime": found.terms.regime.name})
    elif not quiet:
        devices = counted(len(found.devices), "device")
        holders = counted(len(found.holders), "holder")
        told = f"{folder}: a register of {devices} and {holders}, by {found.terms.regime.title}"
        say(f"{mark(good=True)} {harmless(told)}")
