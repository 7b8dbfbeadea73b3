"""``gridpact allocate``: energy of a period shared by a community's rules."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.sharing.allocating import allocate as allocated
from gridpact.app.sharing.energy import read_energy
from gridpact.app.sharing.periods import slots_of
from gridpact.app.sharing.rules import read_rules
from gridpact.app.sharing.writing import Summary, Totals, summary_of, write_tables
from gridpact.base.slots import Calendar

RULES = click.option(
    "--rules",
    "rules_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="YAML file of rules.",
)
PERIOD = click.option(
    "--period",
    required=True,
    help="Local days: 2026, 2026-03, 2026-03-15, or 2026-03-01..2026-03-15.",
)
AS_OF = click.option("--as-of", type=MOMENT, help="Readings as known then.  [default: now]")
COLUMNS = ("produced", "needed", "received", "kept", "given", "surplus", "supplied")
"""Amounts of the table; without any that was kept, as under French keys, that one is left out."""


@click.command(
    short_help="Share the energy of a period by a community's rules.",
    epilog="""\b
Examples:
  gridpact allocate readings --rules sharing.yaml --period 2026-03
  gridpact allocate readings --rules sharing.yaml --period 2026-03 --out march --by-producer
  gridpact allocate march.csv --rules sharing.yaml --period 2026-03-15 --json""",
)
@click.argument("source", metavar="READINGS")
@RULES
@PERIOD
@AS_OF
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write tables of every slot here.",
)
@click.option("--by-producer", is_flag=True, help="With --out: also who received from whom.")
@output_options
def allocate(
    source: str,
    rules_file: Path,
    period: str,
    as_of: datetime | None,
    out: Path | None,
    by_producer: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Share what members injected among members who withdrew in the same slots.

    READINGS is a store of readings; or a CSV or Parquet table with slot_start and a column
    POINT:withdrawal or POINT:injection [Wh] for each register. A register that lacks a reading is
    told and nothing is allocated, for what is missing is not zero. So it is for suspect readings,
    unless the rules say suspect: take.

    With --out, the allocation of every slot is written as CSV and Parquet, with its totals.
    """
    if by_producer and out is None:
        raise click.UsageError("--by-producer needs --out, the folder to write into")
    rules = read_rules(rules_file)
    slots = slots_of(period, Calendar(rules.timezone, rules.step_s))
    known = None if as_of is None else epoch_of(as_of, rules.timezone, "--as-of")
    done = allocated(rules, read_energy(source, rules, slots, known))
    files = [] if out is None else write_tables(done, out, each_producer=by_producer)
    found = summary_of(done)
    if as_json:
        say_json({"summary": found, "files": [str(path) for path in files]})
    elif not quiet:
        for line in _lines(found):
            say(harmless(line))
        words = "what was given was received, in every slot"
        say(f"{mark(good=found.balanced)} {words}")
        for path in files:
            say(harmless(f"wrote {path}"))


def _lines(found: Summary) -> list[str]:
    names = [name for name in COLUMNS if name != "kept" or found.total.kept_wh]
    rows = [_row(each.point, each, names) for each in found.points]
    rows = [("point", *names), *rows, _row("all", found.total, names)]
    lines = [
        f"{found.key}, {found.first} to {found.end}, {found.slots:,} slots [kWh]",
        *(f"  {line}" for line in aligned(rows, right=range(1, len(names) + 1))),
    ]
    if "kept" in names:
        lines.append("  kept: received beyond the need, the member's own surplus")
    if found.estimated_slots:
        lines.append(f"  estimated or edited: {counted(found.estimated_slots, 'slot')}")
    if found.suspect_slots:
        told = counted(found.suspect_slots, "slot")
        lines.append(f"  suspect, taken as the rules say: {told}")
    return lines


def _row(name: str, each: Totals, names: list[str]) -> tuple[str, ...]:
    return (name, *(_kwh(getattr(each, f"{column}_wh")) for column in names))


def _kwh(wh: int) -> str:
    return f"{wh // 1000:,}.{wh % 1000:03}"
