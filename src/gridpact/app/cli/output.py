"""How commands print: people's lines or JSON, progress on standard error, exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO, TypeVar

import click
import msgspec

from gridpact.app.interrupts import Interrupted
from gridpact.base.errors import BadInput, GridpactError, JournalDamaged, LedgerDamaged, StoreError
from gridpact.contracts.errors import IllFormed

F = TypeVar("F", bound=Callable[..., Any])
DEFECT = 70
"""Exit code of a defect of gridpact itself (EX_SOFTWARE of sysexits.h)."""
STOPPED = 130
DEBUG = "GRIDPACT_DEBUG"
"""Environment variable that asks for the traceback of a defect."""


def output_options(command: F) -> F:
    """Give a command ``--json`` and ``--quiet``."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
    return click.option("--quiet", "-q", is_flag=True, help="Print errors only.")(command)


def exit_code(error: GridpactError) -> int:
    """Exit code of an error, as the module of the command line lists them."""
    match error:
        case BadInput() | IllFormed():
            return 2
        case Interrupted():
            return STOPPED
        case JournalDamaged() | LedgerDamaged():
            return 1
        case StoreError():
            return 3
    return 1


def say(text: str, *, err: bool = False, end: str = "\n") -> None:
    """Print a line; where nobody reads any more, go on in silence."""
    stream = sys.stderr if err else sys.stdout
    try:
        click.echo(text, nl=False, err=err, color=_colour())
        click.echo(end, nl=False, err=err)
    except BrokenPipeError:
        _abandon(stream)


def said(code: int) -> int:
    """Bring out all that was printed; return the exit code, 3 where there is no room for it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon(sys.stdout)
    except OSError as error:
        _abandon(sys.stdout)  # else the interpreter tries once more and complains by itself
        if code == 0:
            say_error(f"cannot write to standard output: {error.strerror or error}")
        return code or 3
    return code


def _abandon(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _colour() -> bool | None:
    """Tell click to leave colours out where https://no-color.org asks for it."""
    return False if os.environ.get("NO_COLOR") else None


def mark(*, good: bool) -> str:
    """Return a tick or a cross."""
    return click.style("✓", fg="green") if good else click.style("✗", fg="red")


def say_error(text: str) -> None:
    """Print an error on standard error; what it quotes cannot command the terminal."""
    say(click.style("error: ", fg="red", bold=True) + harmless(text), err=True)


def harmless(text: str) -> str:
    """Write characters that are not printable as escapes, but for the ends of lines."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text
    )


def say_json(value: object) -> None:
    """Print a struct or plain value as JSON."""
    say(json.dumps(msgspec.to_builtins(value), indent=2, sort_keys=True))


class Progress:
    """One line that tells what a run is doing; on a terminal it is rewritten in place."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._shown: set[str] = set()

    def __call__(self, phase: str, instant: int) -> None:
        """Tell that a phase begins at an instant of the run [s since the epoch]."""
        if self._quiet:
            return
        if self._live:
            when = datetime.fromtimestamp(instant, UTC).strftime("%d %b %H:%M ") if instant else ""
            self._rewrite(f"{when}{phase} …")
        elif phase not in self._shown:
            self._shown.add(phase)
            say(f"{phase} …", err=True)

    def done(self) -> None:
        """Take the line away."""
        if self._live and not self._quiet:
            self._rewrite("")

    def _rewrite(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
