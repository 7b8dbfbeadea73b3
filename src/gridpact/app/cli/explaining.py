"""``gridpact explain``: a line of a run's statements, or of an invoice, traced to its readings."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gridpact.app.books.folder import DATABASE
from gridpact.app.cli.explaining_invoice import lines_of
from gridpact.app.cli.explaining_tax import tax_lines
from gridpact.app.cli.inspecting import run_lines
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.explain import explain as explain_statement
from gridpact.app.explaining.explain import explain as explain_invoice
from gridpact.app.explaining.opened import Opened
from gridpact.app.explaining.signed import SignedFile
from gridpact.app.explaining.slots import Asked
from gridpact.app.explaining.taxes import SUFFIX, explain_tax
from gridpact.base.errors import BadInput, Fault

_FILE = click.Path(path_type=Path, dir_okay=False)
_MANY = 1 << 40


@click.command(
    "explain",
    short_help="Trace a line of a statement or an invoice to its readings.",
    epilog="""\b
Examples (statement lines are listed in statements.csv, invoice lines are NUMBER/LINE):
  gridpact explain runs/demo 2026-06-15/home-07/supplier.import
  gridpact explain lane grid-co-000001/1
  gridpact explain lane grid-co-000001/tax
  gridpact explain lane grid-co-000001/1 --slots --json
  gridpact explain lane grid-co-000001/1 --signed m.signed --statements d.jsonl --authority a""",
)
@click.argument("path", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("line")
@click.option("--slots", "every", is_flag=True, help="Show all slots of an invoice line.")
@click.option("--signed", type=_FILE, metavar="FILE", help="Readings that a device signed.")
@click.option(
    "--statements", type=_FILE, metavar="FILE", help="Which device reads which point, for --signed."
)
@click.option(
    "--authority", type=_FILE, metavar="FILE", help="Its public key: ed25519:HEX, for --signed."
)
@output_options
def explain_line(
    path: Path,
    line: str,
    every: bool,
    signed: Path | None,
    statements: Path | None,
    authority: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Trace a LINE down to the readings behind it, and say what proves each step.

    Where DIR is a run, LINE is of a statement; it is traced to contract, slots, readings and ledger
    proof. The run need not have finished; the line's day must be settled.

    Where DIR is a book, LINE is of an invoice or a credit note: NUMBER/LINE, or NUMBER/tax for its
    tax. It is traced to what
    each run booked for it, the clause, the sharing key, the slots and their readings, with what was
    corrected since the first run. Each level adds up to the one above; the exit code is 1 where
    anything does not. Readings that were forgotten are named, with what can still be shown.
    """
    if not (path / DATABASE).is_file():
        _refuse_signed(signed, statements, authority)
        statement = explain_statement(path, line)
        _show(statement, run_lines(statement), as_json=as_json, quiet=quiet)
        sys.exit(0 if statement.verified else 1)
    held = _signed(signed, statements, authority)
    if line.endswith(SUFFIX):
        tax = explain_tax(Opened(path), line)
        _show(tax, [*tax_lines(tax)], as_json=as_json, quiet=quiet)
        sys.exit(0 if tax.verified else 1)
    asked = Asked(every=True, most_changes=_MANY, signed=held) if every else Asked(signed=held)
    found = explain_invoice(Opened(path), line, asked)
    _show(found, [*lines_of(found)], as_json=as_json, quiet=quiet)
    sys.exit(0 if found.verified else 1)


def _show(found: object, lines: list[str], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        say_json(found)
    elif not quiet:
        for line in lines:
            say(line)


def _refuse_signed(*given: Path | None) -> None:
    if any(each is not None for each in given):
        fix = "leave it out: readings of a run are in its journal"
        raise BadInput([Fault("arguments", 0, "--signed", "this is a run, not a book", fix)])


def _signed(
    signed: Path | None, statements: Path | None, authority: Path | None
) -> SignedFile | None:
    """Return the signed readings, where they and what they are held against are given."""
    if signed is None and statements is None and authority is None:
        return None
    if signed is None or statements is None or authority is None:
        fix = "give --signed, --statements and --authority, or none of them"
        raise BadInput([Fault("arguments", 0, "--signed", "needs all three files", fix)])
    return SignedFile(signed, statements, authority)
