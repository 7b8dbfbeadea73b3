"""``gridpact diary``: what assets are told, and what their owners make of it."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "show": Later("diarying_show:show", "Show what assets are told, and why."),
    "mode": Later("diarying_mode:mode", "Accept automatically, be asked, or opt out."),
    "accept": Later("diarying_answer:accept", "Accept entries of an asset's diary."),
    "decline": Later("diarying_answer:decline", "Decline entries of an asset's diary."),
    "export": Later(
        "diarying_export:export", "Write diaries as JSON for devices, as calendars for people."
    ),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Show diaries of assets, answer them, write them for devices.",
    epilog="""\b
Examples:
  gridpact run examples/small.yaml --until 2026-06-15T05:00 --out runs/june
  gridpact diary show runs/june --asset home-05-car
  gridpact diary mode runs/june home-05-car ask --notice 60 --silence decline
  gridpact diary decline runs/june home-05-car
  gridpact diary export runs/june --json diaries --ics calendars""",
)
def diary() -> None:
    """Show what schedules tell each asset to do and why; accept it, be asked, or opt out.

    Decisions go into a run that waits: gridpact run SCENARIO --until INSTANT. They bind every
    plan that is made from then on.
    """
