"""How commands print: people's lines or JSON, progress on standard error, exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
import msgspec

from gridpact.app.runs import Interrupted
from gridpact.base.errors import BadInput, GridpactError, JournalDamaged, LedgerDamaged, StoreError

F = TypeVar("F", bound=Callable[..., Any])


def output_options(command: F) -> F:
    """Give a command ``--json`` and ``--quiet``."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
    return click.option("--quiet", "-q", is_flag=True, help="Print errors only.")(command)


def exit_code(error: GridpactError) -> int:
    """Exit code of an error, as the module of the command line lists them."""
    match error:
        case BadInput():
            return 2
        case Interrupted():
            return 130
        case JournalDamaged() | LedgerDamaged():
            return 1
        case StoreError():
            return 3
    return 1


def say_error(text: str) -> None:
    """Print an error on standard error."""
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(text, err=True)


def say_json(value: object) -> None:
    """Print a struct or plain value as JSON."""
    click.echo(json.dumps(msgspec.to_builtins(value), indent=2, sort_keys=True))


class Progress:
    """One line that tells what a run is doing; on a terminal it is rewritten in place."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._shown: set[str] = set()

    def __call__(self, phase: str, instant: int) -> None:
        """Tell that a phase begins at an instant of the run [s since the epoch]."""
        if self._quiet:
            return
        if self._live:
            when = datetime.fromtimestamp(instant, UTC).strftime("%d %b %H:%M ") if instant else ""
            click.echo(f"\r\x1b[K{when}{phase} …", nl=False, err=True)
        elif phase not in self._shown:
            self._shown.add(phase)
            click.echo(f"{phase} …", err=True)

    def done(self) -> None:
        """End the line."""
        if self._live and not self._quiet:
            click.echo("\r\x1b[K", nl=False, err=True)
