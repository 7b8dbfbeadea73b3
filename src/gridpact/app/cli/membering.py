"""``gridpact member``: who takes part on a ledger."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "list": Later("membering_acts:list_", "List who takes part."),
    "authorise": Later("membering_acts:authorise", "Admit somebody, in a role."),
    "suspend": Later("membering_acts:suspend", "Let somebody do nothing for now."),
    "reinstate": Later("membering_acts:reinstate", "Let somebody act again."),
    "bar": Later("membering_acts:bar", "Bar somebody for good, by a quorum."),
    "erase": Later("membering_erase:erase", "Erase a person's secret and personal rows."),
    "space": Later(
        "membering_spaces:space", "Begin a member's space, keep proofs in it, hand out salts."
    ),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Say who takes part on a ledger, and erase people.",
    epilog="""\b
Examples:
  gridpact member authorise lane-ledger home-07 --role prosumer --as a=a.key --why joined
  gridpact member suspend lane-ledger home-07 --as a=a.key --why unpaid
  gridpact member list lane-ledger""",
)
def member() -> None:
    """Say who takes part on a ledger, under which pseudonym and in which roles.

    Names of people never go on a ledger. Every act stays there with who, when and why, so write
    reasons that tell nothing of a person.
    """
