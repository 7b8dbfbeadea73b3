"""``gridpact market suspend`` and ``reinstate``: what the authority decides about a participant."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gridpact.app.cli.layout import counted
from gridpact.app.cli.output import mark, output_options, say, say_json
from gridpact.app.orders.acting import Waiting, act, look
from gridpact.app.orders.members import check_member
from gridpact.base.errors import BadInput, Fault
from gridpact.registry.messages import StandingChanged

F = TypeVar("F", bound=Callable[..., Any])
RUN = click.Path(path_type=Path, file_okay=False)


def _decision(command: F) -> F:
    """Give a command what every decision about a member says."""
    command = click.option("--reason", required=True, metavar="TEXT", help="Why.")(command)
    command = click.option("--member", required=True, metavar="MEMBER", help="About whom.")(command)
    return click.argument("path", metavar="RUN", type=RUN)(output_options(command))


@click.command(
    short_help="Suspend a member from the markets of a paused run.",
    epilog="""\b
Example:
  gridpact market suspend runs/june --member home-03 --reason 'meter not sealed'""",
)
@_decision
def suspend(path: Path, member: str, reason: str, as_json: bool, quiet: bool) -> None:
    """Let the authority suspend a member of the paused RUN.

    The member's open orders are withdrawn, and further ones refused, until it is reinstated.
    """
    waiting = _decide(path, StandingChanged(participant=member, suspended=True, reason=reason))
    gone = waiting.open_of(member)
    if as_json:
        say_json({"member": member, "standing": "suspended", "withdrawn": gone})
    elif not quiet:
        withdrawn = f"{counted(gone, 'open order')} withdrawn"
        say(f"{mark(good=True)} {member} is suspended; {withdrawn}")


@click.command(
    short_help="Let a suspended member trade again.",
    epilog="""\b
Example:
  gridpact market reinstate runs/june --member home-03 --reason 'meter sealed'""",
)
@_decision
def reinstate(path: Path, member: str, reason: str, as_json: bool, quiet: bool) -> None:
    """Let the authority reinstate a member that it suspended in the paused RUN.

    Orders that were withdrawn do not come back. Exit code 1 tells that it was not suspended.
    """
    waiting = look(path)
    if member in waiting.community.members.ids and member not in waiting.market.suspended:
        if as_json:
            say_json({"member": member, "standing": "not suspended"})
        else:
            say(f"{mark(good=False)} {member} is not suspended: nothing was changed")
        sys.exit(1)
    _decide(path, StandingChanged(participant=member, suspended=False, reason=reason))
    if as_json:
        say_json({"member": member, "standing": "reinstated"})
    elif not quiet:
        say(f"{mark(good=True)} {member} is reinstated")


def _decide(path: Path, message: StandingChanged) -> Waiting:
    """Put a decision into a run; return the run as it was before."""
    waiting = look(path)
    check_member(waiting.community, message.participant, path)
    if not message.reason.strip():
        fix = "say why, such as --reason 'meter not sealed'"
        raise BadInput([Fault(str(path), 0, "--reason", "is empty", fix)])
    act(path, [message])
    return waiting
