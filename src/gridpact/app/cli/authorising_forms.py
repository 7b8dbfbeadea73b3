"""``gridpact authority form``: forms of contract that may be used, certified by their hash."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.ledgering_options import LEDGER, Acting, act, acting_options, hash_of
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.ledgers import home
from gridpact.ledger.kinds.terms import FormCertified, FormWithdrawn

FORM = click.argument("form", metavar="HASH")


@click.group(short_help="Certify forms of contract, withdraw and list them.")
def form() -> None:
    """Certify forms of contract by the keccak-256 of their terms, 64 hex digits.

    An agreement goes on a ledger of authorities only in a form that is certified.
    """


@form.command(
    short_help="Let a form be used.",
    epilog="""\b
Example:
  gridpact authority form certify l 5f0c… --name sharing/2026 --as a=a.key --why reviewed""",
)
@LEDGER
@FORM
@click.option("--name", required=True, help="What the form is called.")
@acting_options
def certify(place: Path, form: str, name: str, doing: Acting) -> None:
    """Certify the form with the hash HASH, so that agreements may be in it."""
    act(place, doing, [FormCertified(hash_of(form, "HASH"), name)], f"form {name} is certified")


@form.command(
    short_help="Let a form be used no longer.",
    epilog="""\b
Example:
  gridpact authority form withdraw lane-ledger 5f0c… --as a=a.key --why replaced""",
)
@LEDGER
@FORM
@acting_options
def withdraw(place: Path, form: str, doing: Acting) -> None:
    """Withdraw the form with the hash HASH; agreements that are in it stand."""
    found = hash_of(form, "HASH")
    act(place, doing, [FormWithdrawn(found)], f"form {found.hex()[:8]}… is withdrawn")


@form.command(
    "list",
    short_help="List forms, certified and withdrawn.",
    epilog="\b\nExample:\n  gridpact authority form list lane-ledger",
)
@LEDGER
@output_options
def list_(place: Path, as_json: bool, quiet: bool) -> None:
    """List the hashes of all forms that ever were certified, and whether they still are."""
    with home.opened(place) as ledger:
        found = sorted(ledger.state().forms.rows.items())
    if as_json:
        say_json([{"form": each.hex(), "certified": still} for each, still in found])
    elif not quiet:
        for each, still in found:
            say(f"{each.hex()}  {'certified' if still else 'withdrawn'}")
        if not found:
            say("no form was certified yet")
