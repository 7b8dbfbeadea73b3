"""``gridpact credential did``: who a key is."""

from __future__ import annotations

from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gridpact.app.cli.ledgering_options import FILE
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.readings.signed_files import read_key
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.identity.did_key import did_of
from gridpact.ledger.identity.did_web import document


@click.command(
    short_help="Show the identifier of a key, or its document.",
    epilog="""\b
Examples:
  gridpact credential did a.pub
  gridpact credential did a.pub --web did:web:example.org""",
)
@click.argument("file", metavar="PUB", type=FILE)
@click.option("--web", default="", metavar="DID", help="Write the document that a domain serves.")
@output_options
def did(file: Path, web: str, as_json: bool, quiet: bool) -> None:
    """Show the did:key of the public key in the file PUB.

    With --web it is the document of a did:web with that key, for the domain to serve as did.json.
    """
    key = Ed25519PublicKey.from_public_bytes(read_key(file))
    if web:
        try:
            say_json(document(web, {"key-1": key}))
        except ValueError as error:
            fix = "write it such as did:web:example.org or did:web:example.org:grid:north"
            raise BadInput([Fault("arguments", 0, "--web", str(error), fix)]) from error
    elif as_json:
        say_json({"did": did_of(key)})
    elif not quiet:
        say(did_of(key))
