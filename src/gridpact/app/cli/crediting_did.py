"""``gridpact credential did``: who a key is."""

from __future__ import annotations

import json
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gridpact.app import folder
from gridpact.app.cli.ledgering_options import FILE
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.readings.signed_files import read_key
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.identity.did_key import did_of
from gridpact.ledger.identity.did_web import document
from gridpact.ledger.identity.jose import Json


@click.command(
    short_help="Show the identifier of a key, or its document.",
    epilog="""\b
Examples:
  gridpact credential did a.pub
  gridpact credential did a.pub --web did:web:example.org --out did.json""",
)
@click.argument("file", metavar="PUB", type=FILE)
@click.option("--web", default="", metavar="DID", help="Make the document that a domain serves.")
@click.option("--out", type=FILE, help="File for the document.  [default: shown]")
@output_options
def did(file: Path, web: str, out: Path | None, as_json: bool, quiet: bool) -> None:
    """Show the did:key of the public key in the file PUB.

    With --web it is the document of a did:web with that key, for the domain to serve as did.json.
    """
    key = Ed25519PublicKey.from_public_bytes(read_key(file))
    if web:
        _tell(_document(web, key), out, quiet=quiet)
    elif as_json:
        say_json({"did": did_of(key)})
    elif not quiet:
        say(did_of(key))


def _document(web: str, key: Ed25519PublicKey) -> Json:
    try:
        return document(web, {"key-1": key})
    except ValueError as error:
        fix = "write it such as did:web:example.org or did:web:example.org:grid:north"
        raise BadInput([Fault("arguments", 0, "--web", str(error), fix)]) from error


def _tell(found: Json, out: Path | None, *, quiet: bool) -> None:
    if out is None:
        say_json(found)
        return
    folder.make(out.parent)
    folder.write_new(out, json.dumps(found, indent=2, sort_keys=True).encode() + b"\n")
    if not quiet:
        say(f"{mark(good=True)} {harmless(str(out))}")
