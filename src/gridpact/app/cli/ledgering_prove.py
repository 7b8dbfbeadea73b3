"""``gridpact ledger prove`` and ``check``: proofs as files, made here and checked anywhere."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.contracting_new import check_new
from gridpact.app.cli.ledgering_options import FILE, LEDGER
from gridpact.app.cli.ledgering_show import SEGMENTS
from gridpact.app.cli.output import harmless, mark, output_options, say, say_error, say_json
from gridpact.app.ledgers import home, leaves
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.app.readings.signed_files import read_key
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.keys import Contract, PublicKey
from gridpact.ledger.proofs import files
from gridpact.ledger.proofs.checking import check as checked
from gridpact.ledger.proofs.making import of_entry
from gridpact.ledger.proofs.model import ProofFile

_AGREEMENT = "agreement"


@click.command(
    short_help="Write the proof of an entry, or of what it anchors.",
    epilog="""\b
Examples:
  gridpact ledger prove lane-ledger --entry 17 --out agreement.proof
  gridpact ledger prove runs/demo --statements 2026-06-15 --member home-07 --out bill.proof""",
)
@LEDGER
@click.option("--entry", type=click.IntRange(0), help="An entry, by its number from 0.")
@click.option("--readings", metavar="DAY", help="A day of a run that was metered.")
@click.option("--statements", metavar="DAY", help="A day of a run that was settled.")
@click.option("--schedules", metavar="SESSION", help="A session of a run that was planned.")
@click.option("--executions", metavar="DAY", help="A day of a run that was carried out.")
@click.option("--terms", metavar="SESSION", help="A session that made contracts; or 'standing'.")
@click.option("--agreement", metavar="NAME", help="An agreement that its parties signed in a run.")
@click.option("--member", default="", metavar="ID", help="Whose, in a run.")
@SEGMENTS
@click.option("--out", required=True, type=FILE, help="File to write.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@click.option("--checker", is_flag=True, help="Write the script that checks it beside it.")
@output_options
def prove(
    place: Path,
    segments: tuple[Path, ...],
    out: Path,
    force: bool,
    checker: bool,
    as_json: bool,
    quiet: bool,
    **asked: object,
) -> None:
    """Write a file that proves an entry, or what was agreed, planned, measured, done or billed.

    Whoever has the file and a root or key that they trust checks it alone, with 'gridpact ledger
    check' or with the script that --checker writes, which needs nothing of gridpact.
    """
    entry, kind, period = _asked(asked)
    check_new(out, force=force)
    with home.opened(place, segments=segments) as ledger:
        if kind == _AGREEMENT:
            found = leaves.prove_agreement(place, ledger, period)
        elif kind:
            found = leaves.prove(place, ledger, kind, period, str(asked["member"]))
        else:
            found = _of_entry(ledger, entry)
    files.write(out, found)
    script = files.write_checker(out.parent) if checker else None
    root = found.block.tree_root.hex()
    if as_json:
        say_json({"file": str(out), "root": root, "checker": str(script) if script else None})
    elif not quiet:
        say(f"{mark(good=True)} {harmless(str(out))} leads to root {root}")
        if script:
            say(harmless(f"  check it: python3 {script} {out} --root {root}"))


def _asked(asked: dict[str, object]) -> tuple[int, str, str]:
    kinds = [kind for kind in (*leaves.KINDS, _AGREEMENT) if asked[kind] is not None]
    entry = asked["entry"]
    if len(kinds) + (entry is not None) != 1:
        fix = f"give one of --entry, --{', --'.join(leaves.KINDS)} and --{_AGREEMENT}"
        raise BadInput([Fault("arguments", 0, "", "what to prove is not said once", fix)])
    if kinds and kinds[0] != _AGREEMENT and not asked["member"]:
        raise BadInput([Fault("arguments", 0, "--member", "whose is not said", "name a member")])
    if isinstance(entry, int):
        return entry, "", ""
    return -1, kinds[0], str(asked[kinds[0]])


def _of_entry(ledger: AnyLedger, entry: int) -> ProofFile:
    try:
        return of_entry(ledger, entry, ledger.keys())
    except IndexError as error:
        size = ledger.head().size
        fix = f"give one from 0 to {size - 1}" if size else "the ledger is empty"
        raise BadInput([Fault("arguments", 0, "--entry", f"is none of {size}", fix)]) from error


@click.command(
    short_help="Check a proof, away from the ledger.",
    epilog="""\b
Examples:
  gridpact ledger check bill.proof --root 9245bdcb…
  gridpact ledger check bill.proof --authority a.pub""",
)
@click.argument("proof", type=FILE)
@click.option("--root", default="", metavar="HEX", help="The root that you saw elsewhere.")
@click.option("--authority", metavar="KEY", help="Public key that you trust, or its file.")
@output_options
def check(proof: Path, root: str, authority: str | None, as_json: bool, quiet: bool) -> None:
    """Check a proof against what you trust, without the ledger, and say what it proves.

    Take the root from where others see it too, such as a witness or a neighbour; a proof that
    agrees only with itself proves nothing.
    """
    key = _key(authority) if authority else None
    found = checked(files.read(proof), root=_root(root), authority=key)
    if as_json:
        say_json({"holds": found.holds, "broken": found.broken, "proves": found.words})
    elif found.holds and not quiet:
        say(f"{mark(good=True)} {harmless(found.words[0])}")
        for line in found.words[1:]:
            say(f"  {harmless(line)}")
    if not found.holds:
        if not as_json:
            say_error(f"{proof}: {found.broken}")
        raise SystemExit(1)


def _key(text: str) -> PublicKey | Contract:
    """Read a key as ``authority list`` shows it, a contract, or a key from a file."""
    if text.startswith(("ed25519:", "eip155:")):
        try:
            return files.authority_of(text)
        except ValueError as error:
            fix = "write ed25519: and 64 hex digits, or eip155:, a chain's id, : and an address"
            told = Fault("arguments", 0, "--authority", f"{text!r} is no key", fix)
            raise BadInput([told]) from error
    return PublicKey(read_key(Path(text)))


def _root(text: str) -> bytes | None:
    if not text:
        return None
    try:
        root = bytes.fromhex(text)
    except ValueError:
        root = b""
    if len(root) != 32:
        fix = "give all 64 hex digits"
        raise BadInput([Fault("arguments", 0, "--root", f"{text!r} is no root", fix)])
    return root
