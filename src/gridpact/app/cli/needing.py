"""``gridpact need``: state, list and withdraw needs of a run that waits for people."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "add": Later("needing_add:add", "State a need, in a sentence."),
    "list": Later("needing_list:list_needs", "List the needs that stand."),
    "remove": Later("needing_remove:remove", "Withdraw a need."),
    "grammar": Later(
        "needing_grammar:grammar", "Print the grammar of sentences, with an example of each kind."
    ),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="State, list and withdraw needs of a paused run.",
    epilog="""\b
Examples:
  gridpact run examples/small.yaml --until 2026-06-15T05:00 --out runs/june
  gridpact need add runs/june "battery >= 80% by 18:00" --owner home-07
  gridpact need list runs/june
  gridpact need remove runs/june need-1
  gridpact need grammar""",
)
def need() -> None:
    """State what people need of their assets, in a sentence, and what the grid allows.

    Needs go into a run that waits: gridpact run SCENARIO --until INSTANT. They stand until they
    are withdrawn, and bind every plan that is made from then on.
    """
