"""``gridpact market suspend`` and ``reinstate``: what the authority decides about a participant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gridpact.app.cli.output import mark, output_options, say, say_json
from gridpact.app.orders.acting import act, look
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
    _decide(path, StandingChanged(participant=member, suspended=True, reason=reason))
    _tell(member, "suspended", as_json=as_json, quiet=quiet)


@click.command(
    short_help="Let a suspended member trade again.",
    epilog="""\b
Example:
  gridpact market reinstate runs/june --member home-03 --reason 'meter sealed'""",
)
@_decision
def reinstate(path: Path, member: str, reason: str, as_json: bool, quiet: bool) -> None:
    """Let the authority reinstate a member that it suspended in the paused RUN."""
    _decide(path, StandingChanged(participant=member, suspended=False, reason=reason))
    _tell(member, "reinstated", as_json=as_json, quiet=quiet)


def _decide(path: Path, message: StandingChanged) -> None:
    members = look(path).community.members.ids
    if message.participant not in members:
        problem = f"{message.participant[:80]!r} is no member of this run"
        fix = f"there are {', '.join(members[:20])}{', …' if len(members) > 20 else ''}"
        raise BadInput([Fault(str(path), 0, "--member", problem, fix)])
    act(path, [message])


def _tell(member: str, what: str, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        say_json({"member": member, "standing": what})
    elif not quiet:
        say(f"{mark(good=True)} {member} is {what}")
