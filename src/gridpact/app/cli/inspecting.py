"""``gridpact replay``, ``gridpact verify`` and ``gridpact explain``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gridpact.app import checks, folder
from gridpact.app.cli.output import output_options, say_json
from gridpact.app.explain import Explanation, explain
from gridpact.app.record import Record
from gridpact.app.verify import verify
from gridpact.base.units import NANO_PER_UNIT

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(epilog="\b\nExample:\n  gridpact replay runs/demo")
@click.argument("path", metavar="DIR", type=FOLDER)
@output_options
def replay(path: Path, as_json: bool, quiet: bool) -> None:
    """Recompute a run from its journal alone and compare the state hash.

    Nothing is forecast, solved, dispatched or committed again: those answers are in the journal.
    """
    expected = folder.result(path).state_hash
    journal = folder.journal(path)
    try:
        record = Record(journal)
        found = checks.replayed(journal, record)
    finally:
        journal.close()
    same = found == expected
    if as_json:
        say_json({"rows": record.rows, "state": found, "expected": expected, "same": same})
    elif not quiet or not same:
        click.echo(f"{record.rows} messages replayed")
        click.echo(f"state    {found}")
        click.echo(f"recorded {expected}")
        click.secho("identical" if same else "DIFFERENT", fg="green" if same else "red")
    sys.exit(0 if same else 1)


@click.command("verify", epilog="\b\nExample:\n  gridpact verify runs/demo")
@click.argument("path", metavar="DIR", type=FOLDER)
@output_options
def verify_run(path: Path, as_json: bool, quiet: bool) -> None:
    """Check every commitment of a run and that every book balances."""
    outcomes = verify(path)
    if as_json:
        say_json(outcomes)
    for outcome in outcomes:
        if not as_json and (not quiet or not outcome.holds):
            mark = click.style("✓", fg="green") if outcome.holds else click.style("✗", fg="red")
            click.echo(f"{mark} {outcome.name:<32} {outcome.detail}")
    sys.exit(0 if all(outcome.holds for outcome in outcomes) else 1)


@click.command(
    "explain",
    epilog="""\b
Example (lines are listed in statements.csv):
  gridpact explain runs/demo 2026-06-15/home-07/supplier.import""",
)
@click.argument("path", metavar="DIR", type=FOLDER)
@click.argument("line")
@output_options
def explain_line(path: Path, line: str, as_json: bool, quiet: bool) -> None:
    """Trace a statement LINE to its contract, slots, readings and ledger proof."""
    found = explain(path, line)
    if as_json:
        say_json(found)
    elif not quiet:
        for text in _lines(found):
            click.echo(text)
    sys.exit(0 if found.proof.verified else 1)


def _money(nano: int) -> str:
    return f"{nano / NANO_PER_UNIT:,.9f}"


def _lines(found: Explanation) -> list[str]:
    """Lay an explanation out for a person."""
    names = list(found.slots[0].series) if found.slots else []
    header = (
        f"  {'slot':<6}" + "".join(f"{name:>28}" for name in names) + f"{'amount':>18}  reading"
    )
    rows = [
        f"  {share.local_time:<6}"
        + "".join(f"{share.series[name]:>28,}" for name in names)
        + f"{_money(share.nano):>18}  "
        + ("estimated" if share.estimated else ", ".join(f"#{row}" for row in share.journal_rows))
        for share in found.slots
    ]
    proof, kwh = found.proof, f"{found.energy_wh / 1000:,.3f} kWh"
    amount = f"{found.minor / 100:,.2f} {found.currency}"
    return [
        f"{found.line}",
        f"  {found.payer} pays {found.payee} {amount} for {kwh}",
        f"  exactly {_money(found.nano)} {found.currency}, rounded once: {found.rounding}",
        f"  contract: {found.contract}",
        "",
        header,
        *rows,
        "",
        f"  statement leaf {proof.leaf[:16]}… is under root {proof.root[:16]}…",
        f"  that root is entry {proof.entry} of the ledger, in block {proof.block}",
        f"  the ledger's tree has root {proof.tree_root[:16]}…",
        "  proofs " + ("verified" if proof.verified else "DO NOT VERIFY"),
    ]
