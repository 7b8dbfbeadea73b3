"""``gridpact ledger compare``: the same month of work on several ledgers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click

from gridpact.app.cli.contracting_new import check_new, keep_new, page_options
from gridpact.app.cli.layout import aligned, wrapped
from gridpact.app.cli.output import Progress, output_options, say, say_json
from gridpact.app.ledgers.chains import Chain
from gridpact.app.ledgers.comparing.chains import network_engine, node_engine
from gridpact.app.ledgers.comparing.databases import postgres_engine
from gridpact.app.ledgers.comparing.engines import Engine, sqlite_engine
from gridpact.app.ledgers.comparing.found import LedgersCompared, compared
from gridpact.app.ledgers.comparing.month import Month
from gridpact.app.ledgers.comparing.running import Taken, run
from gridpact.app.report.comparison import build_comparison
from gridpact.app.report.comparison.ledgers import COLUMNS, row

FILE = click.Path(path_type=Path, dir_okay=False)
_WATTS = 10.0


@click.command(
    short_help="Do a month's work on several ledgers, side by side.",
    epilog="""\b
Examples:
  gridpact ledger compare
  gridpact ledger compare --members 200 --report ledgers.html
  gridpact ledger compare --network net
  gridpact ledger compare --postgres postgresql://me@localhost/db?schema=new""",
)
@click.option(
    "--members",
    type=click.IntRange(4, 5000),
    default=40,
    show_default=True,
    help="Members of the community.",
)
@click.option(
    "--days", type=click.IntRange(1, 31), default=30, show_default=True, help="Days of its month."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="What is drawn.")
@click.option("--postgres", metavar="ADDRESS", help="Also PostgreSQL, in a schema of its own.")
@click.option("--node", metavar="URL", help="Also one EVM node; with --chain and --account.")
@click.option("--chain", type=click.IntRange(1), metavar="ID", help="The node's chain id.")
@click.option("--account", type=FILE, help="Key whose account there pays.")
@click.option(
    "--network",
    "networks",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also a test network that runs; again for each.",
)
@click.option(
    "--watts",
    type=click.FloatRange(0.1, 1000.0),
    default=_WATTS,
    show_default=True,
    help="Power of a processor core that works.",
)
@page_options
@output_options
def compare(
    members: int,
    days: int,
    seed: int,
    postgres: str | None,
    node: str | None,
    chain: int | None,
    account: Path | None,
    networks: tuple[Path, ...],
    watts: float,
    report: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Do the same month of a community's work on several ledgers and say which one is needed.

    Members join and pay neighbours with tokens, roots of readings, schedules, executions and
    statements are anchored day by day, certificates are issued, moved and used, and the month is
    settled and closed. Each ledger is made new, and gone afterwards.
    """
    if report is not None:
        check_new(report, force=force)
    month = Month(members, days, seed=seed)
    others = Others(postgres, _place(node, chain, account), account, networks)
    with TemporaryDirectory() as folder:
        engines = _engines(Path(folder), seed, others)
        taken = [_run(engine, month, quiet=quiet or as_json) for engine in engines]
    found = compared(month, watts, taken, _left_out(others))
    if report is not None:
        keep_new(report, build_comparison(found), force=force)
    if as_json:
        say_json(found)
    elif not quiet:
        _say(found, report)


class Others(NamedTuple):
    """Ledgers to compare besides the log in a file."""

    postgres: str | None
    chain: Chain | None
    account: Path | None
    networks: tuple[Path, ...]


def _place(node: str | None, chain: int | None, account: Path | None) -> Chain | None:
    given = [each is not None for each in (node, chain, account)]
    if any(given) and not all(given):
        raise click.UsageError("--node, --chain and --account belong together")
    return Chain(node, chain) if node is not None and chain is not None else None


def _engines(folder: Path, seed: int, others: Others) -> Iterator[Engine]:
    yield sqlite_engine(folder, seed)
    if others.postgres is not None:
        yield postgres_engine(others.postgres, seed)
    if others.chain is not None and others.account is not None:
        yield node_engine(folder / "node", others.chain, others.account, seed)
    for number, place in enumerate(others.networks):
        yield network_engine(folder / f"network-{number}", place, seed)


def _left_out(others: Others) -> list[str]:
    """Say what was not measured, and how it is."""
    found = []
    if others.postgres is None:
        found.append("PostgreSQL was left out: name one with --postgres.")
    if others.chain is None and not others.networks:
        found.append(
            "Chains were left out: start one with 'gridpact network up --validators 4 --out net' "
            "and name it with --network net."
        )
    return found


def _run(engine: Engine, month: Month, *, quiet: bool) -> Taken:
    progress = Progress(quiet=quiet)
    with contextlib.closing(engine):
        try:
            return run(engine, month, lambda at: progress(engine.name, at))
        finally:
            progress.done()


def _say(found: LedgersCompared, report: Path | None) -> None:
    rows = [row(found, each) for each in found.taken]
    for line in aligned([COLUMNS, *rows], right=range(1, len(COLUMNS))):
        say(line)
    for left in found.left_out:
        for line in wrapped(left):
            say(line)
    for need in found.needs:
        say(f"\n{need.question}")
        for line in wrapped(need.answer):
            say(f"  {line}")
    if report is not None:
        say(f"\nReport     {report}")
