"""``gridpact credential present`` and ``check``: chosen claims, for one verifier."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app import folder
from gridpact.app.cli.crediting_files import read_text, read_token
from gridpact.app.cli.ledgering_options import AT, FILE, LEDGER, at_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_error, say_json
from gridpact.app.ledgers import home
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.identity.credentials import OPEN, Asked, verify
from gridpact.ledger.identity.credentials import show as shown
from gridpact.ledger.identity.did_web import from_folder
from gridpact.ledger.identity.sd_jwt import Binding
from gridpact.ledger.keys import AuthorityKey

AUDIENCE = click.option("--to", "audience", required=True, help="Who asks: the verifier's name.")
NONCE = click.option(
    "--nonce", required=True, help="What the verifier asked with, fresh each time."
)


@click.command(
    short_help="Show chosen claims to one verifier.",
    epilog="""\b
Example:
  gridpact credential present c --show power_w --key home.key --to dso --nonce 4711 --out shown""",
)
@click.argument("file", metavar="CREDENTIAL", type=FILE)
@click.option(
    "--show", "names", multiple=True, metavar="CLAIM", help="A claim to show; repeatable."
)
@click.option("--key", required=True, type=FILE, help="The holder's key.")
@AUDIENCE
@NONCE
@AT
@click.option("--out", required=True, type=FILE, help="File for the verifier.")
@output_options
def present(
    file: Path,
    names: tuple[str, ...],
    key: Path,
    audience: str,
    nonce: str,
    out: Path,
    **given: object,
) -> None:
    """Present the file CREDENTIAL to a verifier with the claims that you choose, and no others.

    It is signed for this verifier and its question, and holds for five minutes.
    """
    moment = given["moment"]
    at = at_of(moment if isinstance(moment, datetime) else None)
    token = read_token(file)
    try:
        binding = Binding(nonce, audience, at)
        text = shown(token, names, AuthorityKey.load(key).private, binding)
    except ValueError as error:
        fix = "name claims of the credential"
        raise BadInput([Fault("arguments", 0, "--show", str(error), fix)]) from error
    folder.write_new(out, f"{text}\n".encode())
    if given["as_json"]:
        say_json({"file": str(out), "shows": sorted(names)})
    elif not given["quiet"]:
        told = ", ".join(sorted(names)) or "no claims"
        say(f"{mark(good=True)} {harmless(f'{out}: shows {told} to {audience}')}")


@click.command(
    short_help="Check what a holder presents.",
    epilog="""\b
Example:
  gridpact credential check shown lane-ledger --issuer did:key:z6Mk… --to dso --nonce 4711""",
)
@click.argument("file", metavar="PRESENTATION", type=FILE)
@LEDGER
@click.option(
    "--issuer", "issuers", multiple=True, required=True, metavar="DID", help="Whose word counts."
)
@AUDIENCE
@NONCE
@AT
@click.option(
    "--documents", type=click.Path(path_type=Path, file_okay=False), help="Documents of did:web."
)
@output_options
def check(file: Path, place: Path, issuers: tuple[str, ...], **given: object) -> None:
    """Check the file PRESENTATION: signatures, times, verifier, question, and that it still stands.

    Nobody is asked: the ledger's entries are read, so verify it first; documents of did:web are in
    a folder, such as example.org/.well-known/did.json. Exit code 1 where it does not hold.
    """
    text, moment, documents = read_text(file), given["moment"], given["documents"]
    asked = Asked(
        str(given["audience"]),
        str(given["nonce"]),
        at_of(moment if isinstance(moment, datetime) else None),
        issuers,
        from_folder(documents) if isinstance(documents, Path) else None,
    )
    with home.opened(place) as ledger:
        found = verify(text, asked, ledger.entries())
    if given["as_json"]:
        say_json({"holds": found.holds, "broken": found.broken, "claims": found.claims})
    elif not found.holds:
        say_error(harmless(f"{file}: {found.broken}"))
    elif not given["quiet"]:
        said = found.claims
        told = f"{said['asset']} of {said['holder']}, by {said['iss']}"
        say(f"{mark(good=True)} {harmless(told)}")
        for name in sorted(said.keys() - OPEN):
            say(harmless(f"  {name}: {said[name]}"))
    if not found.holds:
        raise SystemExit(1)
