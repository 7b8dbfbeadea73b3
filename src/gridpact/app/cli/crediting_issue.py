"""``gridpact credential issue``, ``end`` and ``list``: what a ledger attests of assets."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gridpact.app import folder
from gridpact.app.cli.crediting_files import read_token
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.ledgering_options import (
    FILE,
    LEDGER,
    Acting,
    act,
    acting_options,
    at_of,
    done_at,
    named_key,
    signers_of,
)
from gridpact.app.cli.moments import MOMENT_OR_DAY
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.ledgers import home
from gridpact.app.ledgers.keys import log_key
from gridpact.base.errors import BadInput, Fault, GridpactError
from gridpact.base.slots import iso
from gridpact.ledger.identity.credentials import TYPES, Certificate, attested, certify, digest
from gridpact.ledger.identity.did_key import did_of
from gridpact.ledger.identity.jose import unverified
from gridpact.ledger.kinds.assets import AttestationEnded

REASONS = ("withdrawn", "expired")


@click.command(
    short_help="Issue a credential, attested on a ledger.",
    epilog="""\b
Example:
  gridpact credential issue l pv-7 --holder h=h.pub --until 2027-06-01 --out c --as a=k --why x""",
)
@LEDGER
@click.argument("asset")
@click.option("--kind", type=click.Choice(tuple(TYPES)), default="asset", show_default=True)
@click.option(
    "--holder", required=True, metavar="NAME=PUB", help="Whose it is, and the file of their key."
)
@click.option("--until", required=True, type=MOMENT_OR_DAY, help="Until when it holds, by UTC.")
@click.option("--claim", "claims", multiple=True, metavar="NAME=VALUE", help="Shown if chosen.")
@click.option("--issuer", default="", metavar="DID", help="did:web of who acts. [default: did:key]")
@click.option("--out", required=True, type=FILE, help="File for the holder.")
@acting_options
def issue(
    place: Path, kind: str, asset: str, holder: str, until: datetime, doing: Acting, **given: object
) -> None:
    """Issue a credential of ASSET to its holder, and put its hash on the ledger.

    Whoever acts signs it, an authority or an inspector. Give the file to the holder alone: who has
    it and the holder's key can show all that is in it.
    """
    signer, at = signers_of(doing.signers)[0], done_at(doing.moment)
    known = _claims(given["claims"])
    name, public = named_key(holder, "--holder")
    certificate = Certificate(kind, asset, name, at, at_of(until), known)
    bound = Ed25519PublicKey.from_public_bytes(public)
    private = log_key(signer.key).private
    issuer = str(given["issuer"]) or did_of(private.public_key())
    try:
        token = certify(certificate, (issuer, private), bound, os.urandom(32))
    except ValueError as error:
        fix = "see 'gridpact credential issue --help'"
        raise BadInput([Fault("arguments", 0, "", str(error), fix)]) from error
    out = Path(str(given["out"]))
    folder.write_new(out, f"{token}\n".encode(), mode=0o600)
    told = f"{out}: a credential of {asset} for {name} is attested"
    try:
        act(place, doing, [attested(token, certificate)], told)
    except GridpactError:
        out.unlink()
        raise


def _claims(texts: object) -> dict[str, object]:
    """Read ``NAME=VALUE``; a value that is JSON is what it is, and else a text."""
    found: dict[str, object] = {}
    wrong = []
    for text in map(str, texts if isinstance(texts, tuple) else ()):
        name, _, value = text.partition("=")
        if not name or not value or name in found:
            wrong.append(text)
        try:
            found[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            found[name] = value
    if wrong:
        fix = "write a name, =, and a value, such as power_w=9000; each name once"
        raise BadInput(
            Fault("arguments", 0, "--claim", f"{text[:80]!r} is no claim", fix) for text in wrong
        )
    return found


@click.command(
    short_help="End an attestation before its time.",
    epilog="""\b
Example:
  gridpact credential end lane-ledger roof.credential --as a=a.key --why dismantled""",
)
@LEDGER
@click.argument("file", metavar="CREDENTIAL", type=FILE)
@click.option("--reason", type=click.Choice(REASONS), default=REASONS[0], show_default=True)
@acting_options
def end(place: Path, file: Path, reason: str, doing: Acting) -> None:
    """End the attestation of the credential in the file CREDENTIAL."""
    token = read_token(file)
    asset = str(unverified(token.issued)[1].get("asset", ""))
    entry = AttestationEnded(asset, digest(token), reason)
    act(place, doing, [entry], f"the attestation of {asset} is {reason}")


@click.command(
    "list",
    short_help="List what is attested on a ledger.",
    epilog="\b\nExample:\n  gridpact credential list lane-ledger",
)
@LEDGER
@output_options
def list_(place: Path, as_json: bool, quiet: bool) -> None:
    """List attested assets with their holders, until when each holds, and which have ended."""
    with home.opened(place) as ledger:
        found = sorted(ledger.state().attestations.rows.items())
    if as_json:
        say_json(
            [
                {
                    "asset": asset,
                    "credential": credential.hex(),
                    "holder": one.holder,
                    "kind": one.subject,
                    "until": iso(one.until),
                    "ended": one.ended or None,
                }
                for (asset, credential), one in found
            ]
        )
    elif not quiet:
        rows = [
            (asset, one.subject, one.holder, iso(one.until), one.ended) for (asset, _), one in found
        ]
        for line in aligned([("asset", "of an", "holder", "until", ""), *rows]):
            say(harmless(line))
