"""``gridpact contract key``: wallets of parties, as files."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.keys import KEY_BYTES, WalletKey, create
from gridpact.app import folder
from gridpact.app.cli.contracting_files import FILE
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.base.errors import BadInput, Fault


@click.group(short_help="Make and look at keys that sign.")
def key() -> None:
    """Make and look at keys that sign documents; each is the wallet of one party."""


@key.command(
    "new",
    short_help="Make a key in a new file.",
    epilog="\b\nExample:\n  gridpact contract key new bakery.key",
)
@click.argument("file", type=FILE)
@output_options
def new_key(file: Path, as_json: bool, quiet: bool) -> None:
    """Make a secp256k1 key in the new FILE, readable by you alone; show its address.

    Keep the file secret and safe: who has it signs in your name. Others need the address, which
    is also kept in a file beside it, such as bakery.address beside bakery.key.
    """
    beside = file.with_suffix(".address")
    if beside.exists() or beside == file:
        fix = "choose another name for the key"
        raise BadInput([Fault(str(beside), 0, "", "the file exists already", fix)])
    made = create(file, os.urandom(KEY_BYTES))
    folder.write_text(beside, f"{checksummed(made.address)}\n")
    _say(file, made, as_json=as_json, quiet=quiet)


@key.command(
    "show",
    short_help="Show the address of a key.",
    epilog="\b\nExample:\n  gridpact contract key show bakery.key",
)
@click.argument("file", type=FILE)
@output_options
def show_key(file: Path, as_json: bool, quiet: bool) -> None:
    """Show the address of the key in FILE, by which others name this wallet."""
    _say(file, WalletKey.load(file), as_json=as_json, quiet=quiet)


def _say(file: Path, found: WalletKey, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        say_json({"file": str(file), "address": checksummed(found.address)})
    elif not quiet:
        say(checksummed(found.address))
