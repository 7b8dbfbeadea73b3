"""``gridpact contract sign`` and ``typed-data``: propose a contract to its parties, and sign it."""

from __future__ import annotations

import re
from pathlib import Path

import click

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.documents import (
    Document,
    countersign,
    for_wallets,
    signed_by,
    with_signature,
)
from gridpact.agreements.files import to_text
from gridpact.agreements.keys import WalletKey
from gridpact.app.cli.contracting_files import FILE, open_contract, placed
from gridpact.app.cli.contracting_layout import window
from gridpact.app.cli.contracting_new import keep_new
from gridpact.app.cli.contracting_proposal import Wanted, fixed, proposal_options, proposed
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.base.errors import BadInput, Fault

_SIGNATURE = re.compile(r"0x([0-9a-fA-F]{130})")


@click.command(
    "sign",
    short_help="Propose a contract for signature, or sign a document.",
    epilog="""\b
Examples (the park proposes and signs, then the bakery signs the same file):
  gridpact contract sign sale.yaml --key park.key --as solar-park --party bakery=bakery.address
      --id roof-2026 --start 2026-07-01T00:00Z --end 2026-08-01T00:00Z --out roof.json
  gridpact contract sign roof.json --key bakery.key

\b
Other terms from a later start on:
  gridpact contract sign new.yaml --amends roof.json --key park.key
      --start 2026-07-15T00:00Z --out roof-2.json""",
)
@click.argument("file", type=FILE)
@click.option("--key", "key_file", type=FILE, help="File of the key that signs.")
@click.option(
    "--signature", metavar="0x…", help="Signature that a wallet made of what 'typed-data' prints."
)
@click.option("--as", "party", metavar="PARTY", help="Party whose key it is.")
@proposal_options
@click.option("--out", type=FILE, help="File for the document.  [default: ID.json, or FILE]")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@output_options
def sign(
    file: Path,
    key_file: Path | None,
    signature: str | None,
    party: str | None,
    wanted: Wanted,
    out: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Sign with your key: a contract FILE is proposed to all parties, a document is countersigned.

    Every party needs a wallet: your own is told by --key and --as, the others' by --party. The
    document holds the terms, who the parties are, for how long, and all signatures so far. In
    place of --key, --signature takes one that a wallet made, which tells whose it is.
    """
    wallet, made = _signs_with(key_file, signature, party)
    opened = open_contract(file)
    if opened.document is None:
        document, kept = proposed(opened, wanted, wallet, party), out
    else:
        document, kept = opened.document, out or file
        _refuse(file, document, fixed(file, wanted), wallet, party)
    with placed(file):
        signed = countersign(document, wallet) if wallet else with_signature(document, made)
    kept = kept or file.with_name(f"{signed.agreement.id}.json")
    keep_new(kept, to_text(signed), force=force or kept == file)
    if as_json:
        say_json(_as_dict(signed, kept))
    elif not quiet:
        for line in _lines(signed, kept):
            say(line)


@click.command(
    "typed-data",
    short_help="Print what a wallet signs.",
    epilog="""\b
Examples (the bakery's wallet signs what the first prints, the second adds its signature):
  gridpact contract typed-data roof.json
  gridpact contract sign roof.json --signature 0x…

\b
With no key at all, keep the document that is proposed:
  gridpact contract typed-data sale.yaml --party solar-park=0x… --party bakery=0x…
      --start 2026-07-01T00:00Z --end 2026-08-01T00:00Z --out roof.json""",
)
@click.argument("file", type=FILE)
@proposal_options
@click.option("--out", type=FILE, help="File for the document that is proposed.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@output_options
def typed_data(
    file: Path, wanted: Wanted, out: Path | None, force: bool, as_json: bool, quiet: bool
) -> None:
    """Print the JSON that an ordinary wallet signs: EIP-712, for eth_signTypedData_v4.

    FILE is a document, or a contract that is proposed to the parties of --party. With --out the
    document is kept, to which 'gridpact contract sign' adds the signature.
    """
    opened = open_contract(file)
    faults = [] if opened.document is None else fixed(file, wanted)
    if opened.document is not None and out is not None:
        fix = "leave it out, and name this document when you sign"
        faults.append(Fault(str(file), 0, "--out", "is for what is proposed", fix))
    if faults:
        raise BadInput(faults)
    document = opened.document or proposed(opened, wanted)
    with placed(file):
        payload = for_wallets(document)
    if out is not None:
        keep_new(out, to_text(document), force=force)
    if as_json or not quiet:
        say_json(payload)


def _signs_with(
    key_file: Path | None, signature: str | None, party: str | None
) -> tuple[WalletKey | None, bytes]:
    """Return the key that signs, or no key and the signature that a wallet made."""
    if (key_file is None) == (signature is None):
        raise click.UsageError("Sign in one way: with --key FILE, or with --signature 0x…")
    faults = []
    if signature is not None and party is not None:
        fix = "leave it out"
        faults.append(Fault("arguments", 0, "--as", "is what the signature tells by itself", fix))
    found = _SIGNATURE.fullmatch(signature or "")
    if signature is not None and found is None:
        problem, fix = "is not 0x and 130 hex digits", "copy it from the wallet: r, s and v"
        faults.append(Fault("arguments", 0, "--signature", problem, fix))
    if faults:
        raise BadInput(faults)
    wallet = None if key_file is None else WalletKey.load(key_file)
    return wallet, bytes.fromhex(found[1]) if found else b""


def _refuse(
    file: Path, document: Document, faults: list[Fault], wallet: WalletKey | None, party: str | None
) -> None:
    """Refuse options that would change a document, which is signed as it is, and others' keys."""
    if wallet and party and document.agreement.address_of(party) != wallet.address:
        problem = f"the key is of {checksummed(wallet.address)}, not the wallet of {party}"
        faults = [*faults, Fault(str(file), 0, "--as", problem, "use the key of the party")]
    if faults:
        raise BadInput(faults)


def _as_dict(document: Document, kept: Path) -> dict[str, object]:
    agreement = document.agreement
    signed = signed_by(document)
    return {
        "file": str(kept),
        "id": agreement.id,
        "version": agreement.version,
        "terms_hash": "0x" + agreement.terms_hash.hex(),
        "parties": [
            {
                "party": party.name,
                "address": checksummed(party.address),
                "signed": party.name in signed,
            }
            for party in agreement.parties
        ],
    }


def _lines(document: Document, kept: Path) -> list[str]:
    agreement = document.agreement
    signed = signed_by(document)
    rows = [
        (
            party.name,
            checksummed(party.address),
            "signed" if party.name in signed else "has not signed yet",
        )
        for party in agreement.parties
    ]
    return [
        f"{agreement.id}, version {agreement.version}",
        window(agreement.slots),
        f"terms 0x{agreement.terms_hash.hex()}",
        "",
        *aligned(rows),
        "",
        f"written to {kept}",
    ]
