"""All commands under one name, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TextIO

import click

from gridpact import __version__
from gridpact.app.cli.activating import activate
from gridpact.app.cli.contracting import contract
from gridpact.app.cli.converting import convert
from gridpact.app.cli.diarying import diary
from gridpact.app.cli.doctor import doctor
from gridpact.app.cli.importing import import_
from gridpact.app.cli.inspecting import explain_line, replay, verify_run
from gridpact.app.cli.market import market
from gridpact.app.cli.needing import need
from gridpact.app.cli.ordering import order
from gridpact.app.cli.output import DEBUG, DEFECT, STOPPED, exit_code, said, say, say_error
from gridpact.app.cli.reading import readings
from gridpact.app.cli.running import demo, run
from gridpact.app.cli.scheduling import schedule
from gridpact.app.runs import Interrupted
from gridpact.base.errors import GridpactError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog="""\b
Examples:
  gridpact demo
  gridpact run examples/default.yaml --days 3 --out runs/june
  gridpact verify runs/june

\b
Exit codes:
  0  done                                        3    a file or database cannot be written
  1  a check fails, an order or need is refused  70   a defect of gridpact
  2  bad input                                   130  stopped by ctrl-C""",
)
@click.version_option(__version__, prog_name="gridpact")
def cli() -> None:
    """Run an energy community as one auditable loop.

    forecast → contract → clear → schedule → dispatch → meter → settle → bill → commit
    """


for command in (
    demo,
    run,
    replay,
    verify_run,
    explain_line,
    order,
    need,
    diary,
    activate,
    market,
    schedule,
    contract,
    convert,
    import_,
    readings,
    doctor,
):
    cli.add_command(command)


def run_command(arguments: list[str] | None = None) -> int:
    """Run one command with ``sys.argv`` or other arguments; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        _forgiving(stream)
    return said(_code(arguments))


def _code(arguments: list[str] | None) -> int:
    try:
        cli.main(arguments, prog_name="gridpact", standalone_mode=False)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - the last place that can say it in one line
        return _said(error)
    return 0


def _forgiving(stream: TextIO) -> None:
    """Let a terminal that lacks a character show a question mark instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="replace")


def _said(error: BaseException) -> int:
    """Say what went wrong; return the exit code."""
    match error:
        case click.ClickException():
            error.show()
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            say("stopped", err=True)
            return STOPPED
        case Interrupted():
            say(str(error), err=True)
            return STOPPED
        case GridpactError():
            say_error(str(error))
            return exit_code(error)
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            say_error(f"{place}{error.strerror or error}")
            return 3
    return _defect(error)


def _defect(error: BaseException) -> int:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    say_error(
        f"this is a defect of gridpact {__version__} ({what}); please report it with the command "
        f"and the output of {DEBUG}=1"
    )
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    return DEFECT
