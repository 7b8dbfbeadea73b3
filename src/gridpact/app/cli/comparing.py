"""``gridpact market compare``: mechanisms side by side, on the same orders or in whole runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import click

from gridpact.app import folder
from gridpact.app.cli import comparing_tables as tables
from gridpact.app.cli.contracting_new import check_new, keep_new, page_options
from gridpact.app.cli.market_options import EUROPE
from gridpact.app.cli.output import Progress, output_options, say, say_json
from gridpact.app.compare import whole
from gridpact.app.compare.books import BooksCompared
from gridpact.app.compare.orders import OrdersCompared, compare_orders
from gridpact.app.compare.recorded import compare_run
from gridpact.app.compare.whole import RunsCompared
from gridpact.app.report.comparison import build_comparison
from gridpact.app.watch import Stopwatch
from gridpact.base.documents import Value
from gridpact.base.errors import BadInput, Fault
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.simulation.scenarios import load

Found: TypeAlias = BooksCompared | OrdersCompared | RunsCompared
ORDERS = (".csv", ".jsonl", ".parquet")


@click.command(
    short_help="Compare mechanisms on the same orders, or in whole runs.",
    epilog="""\b
Examples:
  gridpact market compare runs/june
  gridpact market compare runs/june --report comparison.html
  gridpact market compare orders.csv --mechanisms uniform-price,k-pricing
  gridpact market compare examples/small.yaml --mechanisms uniform-price,pay-as-bid --days 2""",
)
@click.argument("what", metavar="RUN|ORDERS|SCENARIO", type=click.Path(path_type=Path))
@click.option(
    "--mechanisms",
    metavar="A,B,…",
    help="Mechanisms to compare, beside the rules in force.  [default: all there are]",
)
@click.option("--days", type=click.IntRange(1, 3660), metavar="N", help="SCENARIO: days to run.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="GRIDPACT_DATA",
    show_envvar=True,
    metavar="DIR",
    help="SCENARIO: folder of data files that are not beside it.",
)
@click.option(
    "--slot-minutes",
    type=click.IntRange(1, 1440),
    metavar="N",
    help="ORDERS: length of a slot.  [default: 15]",
)
@page_options
@output_options
def compare(
    what: Path,
    mechanisms: str | None,
    days: int | None,
    data: Path | None,
    slot_minutes: int | None,
    report: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compare mechanisms: who trades what at which price, and who gains.

    Given a RUN, a folder, every mechanism clears the orders that were placed in it, beside the
    bills that were settled and the supplier alone. Given ORDERS, a CSV, JSON-lines or Parquet file
    as gridpact order place takes it, only these orders are cleared. Given a SCENARIO, a YAML file,
    it is run whole under every mechanism, from forecast to bill; nothing of these runs is kept.
    """
    chosen, orders = _chosen(mechanisms), what.suffix.lower() in ORDERS and not what.is_dir()
    _check_options(what, orders, days, slot_minutes)
    if report is not None:
        check_new(report, force=force)  # before a comparison that may take minutes
    if what.is_dir():
        found: Found = compare_run(folder.record(what), chosen, str(what))
    elif orders:
        found = compare_orders(what, chosen, (slot_minutes or 15) * 60, EUROPE)
    else:
        found = _run(what, chosen, days, data, quiet=quiet or as_json)
    if report is not None:
        keep_new(report, build_comparison(found), force=force)
    if as_json:
        say_json(found)
    elif not quiet:
        _say(found, report)


def _say(found: Found, report: Path | None) -> None:
    for line in tables.lines(found):
        say(line)
    if report is not None:
        say(f"Report     {report}")


def _chosen(mechanisms: str | None) -> tuple[str, ...]:
    """Names of the mechanisms asked for, in the order given; all where none are named."""
    if mechanisms is None:
        return tuple(MECHANISMS)
    names = tuple(dict.fromkeys(name.strip() for name in mechanisms.split(",")))
    fix = f"choose among {', '.join(MECHANISMS)}"
    faults = [
        Fault("arguments", 0, "--mechanisms", f"there is no mechanism {name!r}", fix)
        for name in names
        if name not in MECHANISMS
    ]
    if faults:
        raise BadInput(faults)
    return names


def _check_options(what: Path, orders: bool, days: int | None, slot_minutes: int | None) -> None:
    """Refuse what is not there, and options that mean nothing to what is compared."""
    if not what.exists():
        fix = "name the folder of a run, a file of orders or a scenario"
        raise BadInput([Fault(str(what), 0, "", "there is no such file or folder", fix)])
    if days is not None and (orders or what.is_dir()):
        raise click.UsageError("--days is for a SCENARIO")
    if slot_minutes is not None and not orders:
        raise click.UsageError("--slot-minutes is for a file of ORDERS")


def _run(
    path: Path, mechanisms: Sequence[str], days: int | None, data: Path | None, *, quiet: bool
) -> RunsCompared:
    said: dict[str, Value] = {} if days is None else {"run.days": days}
    scenario = load(path, data, said)
    progress = Progress(quiet=quiet)
    try:
        return whole.compare(scenario, mechanisms, Stopwatch(progress))
    finally:
        progress.done()
