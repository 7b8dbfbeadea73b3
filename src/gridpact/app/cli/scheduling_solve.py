"""``gridpact schedule solve``: the community of a scenario, or a recorded session of a run."""

from __future__ import annotations

import math
import sys
from functools import partial
from pathlib import Path
from typing import get_args

import click
import msgspec

from gridpact.app.cli.output import STOPPED, Progress, output_options, say, say_json
from gridpact.app.cli.scheduling_gap import read_gap
from gridpact.app.cli.scheduling_sources import recorded
from gridpact.app.cli.scheduling_tables import outcome_lines, round_line
from gridpact.app.schedules import keeping
from gridpact.app.schedules.effort import Stop, working
from gridpact.app.schedules.limits import tight_limits
from gridpact.app.schedules.outcome import Outcome, outcome
from gridpact.app.schedules.posing import posed
from gridpact.app.schedules.solving import solve_session
from gridpact.app.schedules.view import unmet
from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.fleet.machine_code import is_kept
from gridpact.scheduling.fleet.options import Method, Options
from gridpact.scheduling.fleet.simplex import optimise
from gridpact.scheduling.fleet.solution import Round, closed


@click.command(
    short_help="Schedule a community at least cost, with proof.",
    epilog="""\b
Examples:
  gridpact schedule solve examples/small.yaml
  gridpact schedule solve runs/june --session 2026-06-15.intraday-1200 --out schedules
  gridpact schedule solve examples/small.yaml --method engine --gap '0.5 %' --json
  gridpact schedule solve runs/june --jobs 4 --progress --limit-seconds 60 --out schedules

\b
Exit codes, beside those of every command:
  1    the time was over before the gap was proven; what was found is written all the same
  130  stopped by ctrl-C; what was found after the round is written, a second one ends it""",
)
@click.argument("what", metavar="SCENARIO|RUN", type=click.Path(path_type=Path))
@click.option(
    "--session", metavar="SESSION", help="Session to solve.  [default: the first planned]"
)
@click.option(
    "--method",
    type=click.Choice(get_args(Method)),
    default="auto",
    show_default=True,
    help="engine: prices and plans in turn; reference: one programme for HiGHS; auto: as suits.",
)
@click.option("--gap", metavar="SHARE", default="0.1 %", show_default=True, help="Gap to prove.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write schedules and prices (Parquet) into DIR.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="GRIDPACT_DATA",
    show_envvar=True,
    metavar="DIR",
    help="SCENARIO: folder of data files that are not beside it.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    default=1,
    show_default=True,
    help="engine: spread the work over N processes; the answer is the same.",
)
@click.option("--progress", "rounds", is_flag=True, help="engine: tell the bounds of every round.")
@click.option(
    "--limit-seconds",
    type=click.FloatRange(0, min_open=True),
    metavar="S",
    help="engine: stop after the round in which S seconds are over.",
)
@output_options
def solve(
    what: Path,
    session: str | None,
    method: Method,
    gap: str,
    out: Path | None,
    data: Path | None,
    jobs: int,
    rounds: bool,
    limit_seconds: float | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Schedule everything that can move in a community, at least cost under its shared limits.

    Given a SCENARIO, a YAML file, its first day is run and a session's problem solved anew; given
    a RUN, a folder, that of a session it recorded. Nothing of a run is changed. Prints bounds on
    the least cost, the price of every limit that binds, and what cannot be kept.
    """
    _check(out, method, limit_seconds)
    options, stop = Options(method=method, gap=read_gap(gap)), Stop(limit_seconds)
    progress = Progress(quiet=quiet or as_json)
    if method != "reference" and not (quiet or as_json) and not is_kept(optimise):
        say("compiling for this machine, once …", err=True)
    try:
        one = posed(recorded(what, data, progress), session)
        if rounds:
            tell = partial(_tell, one.community.currency)
            options = msgspec.structs.replace(options, progress=tell)
        with working(options, jobs, stop) as working_options:
            progress("solving", 0)
            if rounds:
                progress.done()  # rounds are told below one another
            solved = solve_session(one, working_options)
    finally:
        progress.done()
    found = outcome(solved, tight_limits(solved), unmet(one, solved))
    if out is not None:
        keeping.write(out, solved)
    _print(found, solved.timezone, out, as_json=as_json, quiet=quiet)
    sys.exit(_code(found, stop, options.gap))


def _tell(currency: str, now: Round) -> None:
    say(round_line(now, currency), err=True)


def _check(out: Path | None, method: Method, limit_seconds: float | None) -> None:
    """Refuse a folder that holds other files, and a limit that nothing would look at."""
    if out is not None and out.exists() and not keeping.may_hold(out):
        fix = "name a new folder, or one of earlier schedules"
        raise BadInput([Fault(str(out), 0, "--out", "the folder holds other files", fix)])
    if limit_seconds is not None and not math.isfinite(limit_seconds):
        fix = "give seconds such as 60, or leave it out"
        raise BadInput([Fault("arguments", 0, "--limit-seconds", "is no finite number", fix)])
    if method == "reference" and limit_seconds is not None:
        problem = "the reference has no rounds to stop after"
        fix = "leave it out, or solve with --method engine"
        raise BadInput([Fault("arguments", 0, "--limit-seconds", problem, fix)])


def _code(found: Outcome, stop: Stop, gap: float) -> int:
    """Exit code: how a solve ended that was stopped before its gap was proven."""
    if closed((found.lower_nano, found.cost_nano), gap):
        return 0
    if stop.asked:
        return STOPPED
    return 1 if stop.over else 0


def _print(found: Outcome, timezone: str, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        say_json(found)
    elif not quiet:
        for line in outcome_lines(found, timezone):
            say(line)
        if out is not None:
            say(f"written   {out}")
