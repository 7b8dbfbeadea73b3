"""``gridpact schedule``: solve fleets, look at schedules, audit them."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "solve": Later("scheduling_solve:solve", "Schedule a community at least cost, with proof."),
    "show": Later("scheduling_show:show", "Show schedules, or one asset or zone slot by slot."),
    "history": Later(
        "scheduling_history:show_history", "Show how a run's schedules came into force, and why."
    ),
    "explain": Later(
        "scheduling_explain:explain", "Say why not everything can be had, and what would do."
    ),
    "diff": Later(
        "scheduling_diff:diff", "Say what a schedule changes: which assets, when, at what cost."
    ),
    "island": Later("scheduling_island:island", "Plan a microgrid, alone or losing its grid."),
    "audit": Later(
        "scheduling_audit:audit_schedules", "Check schedules with code that did not make them."
    ),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Solve schedules, show, explain, compare and audit them.",
    epilog="""\b
Examples:
  gridpact schedule solve examples/small.yaml --out schedules
  gridpact schedule show schedules --zone home-01
  gridpact schedule explain examples/conflict.yaml
  gridpact schedule audit schedules --sample 3
  gridpact schedule island examples/microgrid/village.yaml""",
)
def schedule() -> None:
    """Make schedules with the fleet engine, with proof of how close to the least cost they are."""
