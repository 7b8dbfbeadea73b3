"""``gridpact schedule``: solve fleets, look at schedules, audit them."""

from __future__ import annotations

import click

from gridpact.app.cli.scheduling_audit import audit_schedules
from gridpact.app.cli.scheduling_diff import diff
from gridpact.app.cli.scheduling_explain import explain
from gridpact.app.cli.scheduling_history import show_history
from gridpact.app.cli.scheduling_show import show
from gridpact.app.cli.scheduling_solve import solve


@click.group(
    short_help="Solve schedules, show, explain, compare and audit them.",
    epilog="""\b
Examples:
  gridpact schedule solve examples/small.yaml --out schedules
  gridpact schedule show schedules --zone home-01
  gridpact schedule explain examples/conflict.yaml
  gridpact schedule audit schedules --sample 3""",
)
def schedule() -> None:
    """Make schedules with the fleet engine, with proof of how close to the least cost they are."""


for command in (solve, show, show_history, explain, diff, audit_schedules):
    schedule.add_command(command)
