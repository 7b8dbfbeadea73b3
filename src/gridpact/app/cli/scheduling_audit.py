"""``gridpact schedule audit``: every limit checked again, sampled zones solved again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gridpact.app.cli.output import mark, output_options, say, say_json
from gridpact.app.cli.scheduling_tables import money
from gridpact.app.schedules import keeping
from gridpact.app.schedules.model import Solved
from gridpact.scheduling.audit.report import Breach, Report
from gridpact.scheduling.fleet.columns import TABLES

MOST_SHOWN = 20
"""Breaches that are listed one by one."""


@click.command(
    "audit",
    short_help="Check schedules with code that did not make them.",
    epilog="""\b
Examples:
  gridpact schedule audit schedules
  gridpact schedule audit schedules --sample 5 --json""",
)
@click.argument("path", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--sample",
    type=click.IntRange(0),
    metavar="N",
    help="Solve so many zones again.  [default: all]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Draw the sample by it.")
@output_options
def audit_schedules(path: Path, sample: int | None, seed: int, as_json: bool, quiet: bool) -> None:
    """Audit what gridpact schedule solve wrote into DIR, as its files now say.

    Every limit of every asset, shared limits and the cost are checked on the schedules, and zones
    are solved again with HiGHS at the prices of limits; with all of them the bound is proven anew.
    """
    # imported here, because nothing else of the command line needs the audit
    from gridpact.scheduling.audit.audit import audit

    solved = keeping.read(path)
    found = audit(solved.fleet, solved.solution, solved.prices, sample, seed)
    if as_json:
        say_json(found)
    elif not quiet or not found.clean:
        for line in _lines(found, solved):
            say(line)
    sys.exit(0 if found.clean else 1)


def _lines(found: Report, solved: Solved) -> list[str]:
    currency = solved.currency
    checked = f"{found.assets:,} assets in {found.slots} slots checked"
    cost, claimed = (money(nano, currency) for nano in (found.cost_nano, found.claimed_cost_nano))
    lines = [
        f"{mark(good=found.clean)} {checked}, {len(found.resolved):,} zones solved again",
        f"cost      {cost}, claimed {claimed}",
        f"at least  {_proven(found, currency)}",
    ]
    shown = [_line(each, solved) for each in found.breaches[:MOST_SHOWN]]
    more = len(found.breaches) - len(shown)
    return [*lines, *shown, *([f"and {more:,} more"] if more else [])]


def _proven(found: Report, currency: str) -> str:
    claimed = f"claimed {money(found.claimed_bound_nano, currency)}"
    if found.proven_nano is None:
        return f"not proven anew: only some zones were solved; {claimed}"
    return f"{money(found.proven_nano, currency)}, {claimed}"


def _line(each: Breach, solved: Solved) -> str:
    when = f", slot {each.slot}" if each.slot >= 0 else ""
    by = f"by {each.by:,.3f} {each.unit}"
    return f"{mark(good=False)} {_place(each, solved)}{when}: {each.what}, {by}"


def _place(each: Breach, solved: Solved) -> str:
    """Name what a breach is about."""
    if each.row < 0:
        return "the answer"
    if each.table in (*TABLES, "zones"):
        names = getattr(solved.names, each.table)
        if each.row < len(names):
            return str(names[each.row])
    return f"{each.table or 'row'}[{each.row}]"
