"""``gridpact schedule audit``: every limit checked again, sampled zones solved again."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from gridpact.app.cli.layout import counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.cli.scheduling_tables import money
from gridpact.app.schedules import keeping
from gridpact.app.schedules.differences import Difference, differences
from gridpact.app.schedules.model import Solved
from gridpact.scheduling.audit.report import Breach, Report
from gridpact.scheduling.fleet.columns import TABLES

MOST_SHOWN = 20
"""Breaches, and differences, that are listed one by one."""


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
    differ = differences(path, solved)
    found = audit(solved.fleet, solved.solution, solved.prices, sample, seed)
    clean = found.clean and not differ
    if as_json:
        say_json({**msgspec.to_builtins(found), "differences": msgspec.to_builtins(differ)})
    elif not quiet or not clean:
        for line in _lines(found, solved, differ):
            say(line)
        if sample is not None and sample > len(found.resolved):
            say(f"there are only {counted(len(found.resolved), 'zone')} with assets to solve again")
    sys.exit(0 if clean else 1)


def _lines(found: Report, solved: Solved, differ: tuple[Difference, ...]) -> list[str]:
    currency = solved.currency
    checked = f"{found.assets:,} assets in {found.slots} slots checked"
    cost, claimed = (money(nano, currency) for nano in (found.cost_nano, found.claimed_cost_nano))
    again = counted(len(found.resolved), "zone")
    lines = [
        f"{mark(good=found.clean and not differ)} {checked}, {again} solved again",
        f"cost      {cost}, claimed {claimed}",
        f"at least  {_proven(found, currency)}",
    ]
    shown = [_line(each, solved) for each in found.breaches]
    return [*lines, *_some(shown), *_some([_differing(each) for each in differ])]


def _some(lines: list[str]) -> list[str]:
    """Cut a long list short, and say by how many lines."""
    more = len(lines) - MOST_SHOWN
    return lines if more <= 0 else [*lines[:MOST_SHOWN], f"and {more:,} more"]


def _differing(one: Difference) -> str:
    also = f", and {counted(one.more, 'further row')}" if one.more else ""
    said = harmless(f"{one.where} says {one.says}, the schedules come to {one.comes_to}{also}")
    return f"{mark(good=False)} {one.file}: {said}"


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
