"""All commands under one name, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TextIO

import click

from gridpact import __version__
from gridpact.app.cli.late import LateGroup, Later
from gridpact.app.cli.output import DEBUG, DEFECT, STOPPED, exit_code, said, say, say_error
from gridpact.app.interrupts import Interrupted
from gridpact.base.errors import GridpactError

COMMANDS = {
    "demo": Later("running:demo", "Run one day of the default community."),
    "run": Later("running:run", "Run a scenario, or go on with a run that was stopped."),
    "replay": Later("inspecting:replay", "Recompute a run from its journal alone."),
    "verify": Later("inspecting:verify_run", "Check every commitment and every book of a run."),
    "explain": Later(
        "explaining:explain_line", "Trace a line of a statement or an invoice to its readings."
    ),
    "order": Later("ordering:order", "Place, cancel and list orders of a paused run."),
    "need": Later("needing:need", "State, list and withdraw needs of a paused run."),
    "diary": Later(
        "diarying:diary", "Show diaries of assets, answer them, write them for devices."
    ),
    "activate": Later("activating:activate", "Ask zones of a paused run for power, at once."),
    "market": Later("market:market", "Look at markets, clear books of orders, compare mechanisms."),
    "schedule": Later(
        "scheduling:schedule", "Solve schedules, show, explain, compare and audit them."
    ),
    "contract": Later("contracting:contract", "Write, read, price, value and sign contracts."),
    "convert": Later("converting:convert", "Convert a SimBench grid to a scenario."),
    "import": Later("importing:import_", "Import readings of meters into a store."),
    "readings": Later("reading:readings", "Look into a store of readings."),
    "allocate": Later(
        "allocating:allocate", "Share the energy of a period by a community's rules."
    ),
    "books": Later("booking:books", "Keep a community's money: begin, look into and check a book."),
    "settle": Later("settling:settle", "Settle a period of a book."),
    "correct": Later("settling:correct", "Correct a settled period from what became known since."),
    "bill": Later("billing:bill", "Issue invoices and credit notes of a settled period."),
    "certificates": Later(
        "certifying:certificates", "Issue, move and cancel guarantees of origin."
    ),
    "delivery": Later("delivering:delivery", "Hold flexibility that was ordered against readings."),
    "report": Later(
        "reporting:report", "Report on a settled period: community, parties and taxes."
    ),
    "export": Later(
        "exporting:export", "Write files for banks, accountants, suppliers and members."
    ),
    "ledger": Later("ledgering:ledger", "Found, check, prove from and archive a ledger."),
    "authority": Later(
        "authorising:authority", "Say who keeps a ledger: list, add and remove authorities."
    ),
    "member": Later("membering:member", "Say who takes part on a ledger, and erase people."),
    "credential": Later("crediting:credential", "Issue, present and check credentials of assets."),
    "network": Later("networking:network", "Run and configure the validators of a chain."),
    "serve": Later("serving:serve", "Serve files of coefficients to network operators."),
    "doctor": Later("doctor:doctor", "Check that this machine can run gridpact."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog="""\b
Examples:
  gridpact demo
  gridpact run examples/default.yaml --days 3 --out runs/june
  gridpact verify runs/june

\b
Exit codes:
  0  done                                        3    no file, database or node can be used
  1  a check fails, an order or need is refused  70   a defect of gridpact
  2  bad input                                   130  stopped by ctrl-C""",
)
@click.version_option(__version__, prog_name="gridpact")
def cli() -> None:
    """Run an energy community as one auditable loop.

    forecast → contract → clear → schedule → dispatch → meter → settle → bill → commit
    """


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
