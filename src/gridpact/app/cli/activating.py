"""``gridpact activate``: power asked of zones at once, in a run that waits."""

from __future__ import annotations

import math
import sys
from datetime import datetime
from pathlib import Path

import click

from gridpact.app.activations.acting import ask, foresee, look
from gridpact.app.activations.givers import givers
from gridpact.app.cli.activating_tables import Told, as_dict, lines
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.activation.desk import MOST_W
from gridpact.scheduling.activation.messages import ActivationRefused, ActivationRequested
from gridpact.scheduling.activation.split import Rule

RUN = click.Path(path_type=Path, file_okay=False)
RULES = [rule.value for rule in Rule]


@click.command(
    short_help="Ask zones of a paused run for power, at once.",
    epilog="""\b
Examples:
  gridpact activate runs/evening --zone lane --kw 8 --minutes 30
  gridpact activate runs/evening --zone lane,mill --kw 20 --minutes 60 --at 2026-06-15T19:00
  gridpact activate runs/evening --zone lane --kw 5 --minutes 15 --direction down --dry-run""",
)
@click.argument("path", metavar="RUN", type=RUN)
@click.option("--zone", "zones", metavar="ZONE[,ZONE]", required=True, help="Zones that are asked.")
@click.option("--kw", metavar="KW", type=float, required=True, help="How much power; < 0: down.")
@click.option("--minutes", type=int, required=True, help="How long, in whole slots.")
@click.option("--at", "at", type=MOMENT, help="When it begins.  [default: the next slot]")
@click.option("--direction", type=click.Choice(["up", "down"]), help="What the grid needs.")
@click.option(
    "--split",
    type=click.Choice(RULES),
    default=RULES[0],
    show_default=True,
    help="Who gives: cheaper assets before dearer ones, or all in proportion.",
)
@click.option("--by", metavar="PARTY", help="The operator who asks.  [default: the DSO]")
@click.option("--dry-run", is_flag=True, help="Say who could give what, and ask for nothing.")
@output_options
def activate(
    path: Path,
    *,
    zones: str,
    kw: float,
    minutes: int,
    at: datetime | None,
    direction: str | None,
    split: str,
    by: str | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Ask zones of the paused RUN for power, and say who gives what of it.

    Up is more power for the grid: less withdrawal or more feed-in; down is the reverse. What is
    asked is divided at once over the set-points in force, within what each asset can keep up and
    make up later, and within the limits of all zones. The next schedule makes up what was moved.

    The run must have rolling operation (operation, in its scenario). A run waits where
    gridpact run SCENARIO --until INSTANT left it. Exit code 1 tells that less is given than was
    asked, or with --dry-run would be; what is given is activated all the same.
    """
    seen = look(path)
    power_w = _power(kw, direction)
    message = ActivationRequested(
        by=by or seen.community.parties.dso,
        zones=tuple(name.strip() for name in zones.split(",") if name.strip()),
        power_w=power_w,
        begin=seen.next_slot if at is None else epoch_of(at, seen.community.timezone, "--at"),
        lasts_s=minutes * 60,
        rule=split,
    )
    told = Told(seen.community, message, foresee(seen, message))
    if dry_run:
        _tell(told, "", as_json=as_json, quiet=quiet)
        sys.exit(1 if told.found.division.missing_wh else 0)
    answer = ask(path, message)
    if isinstance(answer, ActivationRefused):
        _tell_refused(answer, as_json=as_json)
        sys.exit(1)
    _tell(told, answer.id, as_json=as_json, quiet=quiet)
    if told.found.division.missing_wh:
        sys.exit(1)


def _power(kw: float, direction: str | None) -> int:
    """Power [W], positive for up; BadInput where it is no number, or says its direction twice."""
    if not math.isfinite(kw):
        raise BadInput([Fault("arguments", 0, "--kw", f"{kw} is no power", "give it in kW")])
    if abs(kw) * 1000 > MOST_W:
        problem = f"{kw:g} kW is more than any zone has"
        raise BadInput([Fault("arguments", 0, "--kw", problem, "give the power in kW, such as 8")])
    if kw < 0 and direction is not None:
        problem = f"{kw:g} kW says its direction by its sign, and --direction {direction} again"
        raise BadInput([Fault("arguments", 0, "--kw", problem, "leave out the sign")])
    size = round(kw * 1000)
    return -size if direction == "down" else size


def _tell(told: Told, name: str, *, as_json: bool, quiet: bool) -> None:
    able = givers(told.community, told.found)
    if as_json:
        say_json(as_dict(told, name, able))
    elif not quiet:
        for line in lines(told, name, able):
            say(line)


def _tell_refused(answer: ActivationRefused, *, as_json: bool) -> None:
    if as_json:
        faults = [
            {"where": each.where, "problem": each.problem, "fix": each.fix}
            for each in answer.faults
        ]
        say_json({"activated": False, "id": "", "faults": faults})
        return
    say(f"{mark(good=False)} nothing was activated; every schedule stays as it was")
    for each in answer.faults:
        say(harmless(f"    {each.where}: {each.problem}; {each.fix}"))
