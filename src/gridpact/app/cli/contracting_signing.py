"""``gridpact contract sign``: propose a contract to its parties, and sign what was proposed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.documents import (
    Conditions,
    Document,
    countersign,
    propose,
    signed_by,
)
from gridpact.agreements.files import to_text
from gridpact.agreements.keys import WalletKey
from gridpact.app.cli.contracting_files import FILE, Opened, open_contract, placed
from gridpact.app.cli.contracting_layout import aligned, duration, window
from gridpact.app.cli.contracting_new import keep_new
from gridpact.app.cli.contracting_times import length, moment
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, iso

_QUARTER_HOUR = 900
_ADDRESS_FILE = 100
"""Bytes of a file that holds no more than an address."""


@dataclass(frozen=True)
class Wanted:
    """What the command line says of a document that is to be proposed."""

    party: str | None
    others: tuple[str, ...]
    name: str | None
    start: int | None
    end: int | None
    step: int | None
    conditions: Conditions

    def said(self) -> list[str]:
        """Options that were given."""
        also = self.conditions
        options = {
            "--party": bool(self.others),
            "--id": self.name is not None,
            "--start": self.start is not None,
            "--end": self.end is not None,
            "--step": self.step is not None,
            "--offer-until": also.offer_until >= 0,
            "--leave-after": also.termination_notice_s >= 0,
            "--authority": bool(also.authority),
        }
        return [option for option, given in options.items() if given]


@click.command(
    "sign",
    short_help="Propose a contract for signature, or sign a document.",
    epilog="""\b
Examples (the park proposes and signs, then the bakery signs the same file):
  gridpact contract sign sale.yaml --key park.key --as solar-park --party bakery=bakery.address
      --id roof-2026 --start 2026-07-01T00:00Z --end 2026-08-01T00:00Z --out roof.json
  gridpact contract sign roof.json --key bakery.key""",
)
@click.argument("file", type=FILE)
@click.option("--key", "key_file", required=True, type=FILE, help="File of the key that signs.")
@click.option("--as", "party", metavar="PARTY", help="Party whose key it is.")
@click.option(
    "--party",
    "others",
    multiple=True,
    metavar="PARTY=ADDRESS",
    help="Another party's wallet, or a file that holds its address.",
)
@click.option("--id", "name", metavar="ID", help="Name of the agreement.  [default: of FILE]")
@click.option(
    "--start",
    metavar="INSTANT",
    callback=moment,
    help="First slot, such as 2026-07-01T00:00+02:00.",
)
@click.option("--end", metavar="INSTANT", callback=moment, help="Instant at which it ends.")
@click.option(
    "--step", metavar="DURATION", callback=length, help="Length of a slot.  [default: 15 min]"
)
@click.option(
    "--offer-until",
    metavar="INSTANT",
    callback=moment,
    help="Until when to sign.  [default: the start]",
)
@click.option(
    "--leave-after",
    metavar="DURATION",
    callback=length,
    help="Notice with which one party may leave alone.",
)
@click.option("--authority", default="", metavar="NAME", help="Who may suspend and end it.")
@click.option("--out", type=FILE, help="File for the document.  [default: ID.json, or FILE]")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@output_options
def sign(
    file: Path,
    key_file: Path,
    party: str | None,
    others: tuple[str, ...],
    name: str | None,
    start: int | None,
    end: int | None,
    step: int | None,
    offer_until: int | None,
    leave_after: int | None,
    authority: str,
    out: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Sign with your key: a contract FILE is proposed to all parties, a document is countersigned.

    Every party needs a wallet: your own is told by --key and --as, the others' by --party. The
    document holds the terms, who the parties are, for how long, and all signatures so far.
    """
    conditions = Conditions(
        -1 if offer_until is None else offer_until,
        -1 if leave_after is None else leave_after,
        authority,
    )
    wanted = Wanted(party, others, name, start, end, step, conditions)
    opened = open_contract(file)
    wallet = WalletKey.load(key_file)
    if opened.document is not None:
        with placed(file):
            document = _countersigned(opened, opened.document, wallet, wanted)
        kept = out or file
        force = force or kept == file
    else:
        document = _proposed(opened, wallet, wanted)
        kept = out or file.with_name(f"{document.agreement.id}.json")
    keep_new(kept, to_text(document), force=force)
    if as_json:
        say_json(_as_dict(document, kept))
    elif not quiet:
        for line in _lines(document, kept):
            say(line)


def _proposed(opened: Opened, wallet: WalletKey, wanted: Wanted) -> Document:
    """Write a document of a contract and sign it."""
    faults, parties = _parties(wallet, wanted)
    start, end, step = wanted.start, wanted.end, wanted.step or _QUARTER_HOUR
    faults += _slot_faults(start, end, step)
    if faults or start is None or end is None:
        raise BadInput(faults)
    slots = Slots(start, step, (end - start) // step)
    name = wanted.name or opened.path.name.partition(".")[0].lower()
    document = propose(opened.contract, name, parties, slots, wanted.conditions)
    return countersign(document, wallet)


def _parties(wallet: WalletKey, wanted: Wanted) -> tuple[list[Fault], dict[str, str | bytes]]:
    faults = []
    parties: dict[str, str | bytes] = {}
    if wanted.party is None:
        fix = "add --as PARTY"
        faults.append(Fault("arguments", 0, "--as", "is missing: a key signs for a party", fix))
    else:
        parties[wanted.party] = wallet.address
    for other in wanted.others:
        name, sign_, address = other.partition("=")
        if not sign_ or name in parties:
            problem = f"{other[:80]!r} is not PARTY=ADDRESS" if not sign_ else f"{name} comes twice"
            fix = "name each party once, with the address that 'gridpact contract key show' tells"
            faults.append(Fault("arguments", 0, "--party", problem, fix))
        parties.setdefault(name, _address(address))
    return faults, parties


def _address(text: str) -> str:
    """Return an address, read from a file where one is named."""
    path = Path(text)
    if text.startswith("0x") or not path.is_file() or path.stat().st_size > _ADDRESS_FILE:
        return text
    return path.read_text(encoding="ascii", errors="replace").strip()


def _slot_faults(start: int | None, end: int | None, step: int) -> list[Fault]:
    faults = []
    for option, at in (("--start", start), ("--end", end)):
        if at is None:
            problem, fix = "is missing: a document says for how long", "add it: 2026-07-01T00:00Z"
            faults.append(Fault("arguments", 0, option, problem, fix))
        elif at % step:
            problem = f"{iso(at)} does not begin a slot of {duration(step)}"
            fix = "give the begin of a slot, or another --step"
            faults.append(Fault("arguments", 0, option, problem, fix))
    if start is not None and end is not None and end <= start:
        faults.append(Fault("arguments", 0, "--end", "is not after the start", "end later"))
    return faults


def _countersigned(
    opened: Opened, document: Document, wallet: WalletKey, wanted: Wanted
) -> Document:
    """Add a signature to a document, which is signed as it is."""
    file = str(opened.path)
    fix = "leave it out, or propose another document from the contract file"
    faults = [
        Fault(file, 0, option, "is fixed in a document that is signed", fix)
        for option in wanted.said()
    ]
    address = document.agreement.address_of(wanted.party) if wanted.party else wallet.address
    if address != wallet.address:
        problem = f"the key is of {checksummed(wallet.address)}, not the wallet of {wanted.party}"
        faults.append(Fault(file, 0, "--as", problem, "use the key of the party"))
    if faults:
        raise BadInput(faults)
    return countersign(document, wallet)


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
