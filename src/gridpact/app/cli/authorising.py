"""``gridpact authority``: who keeps a ledger."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "key": Later("reading_sign:key", "Make a key of a device or an authority."),
    "list": Later("authorising_acts:list_", "List the authorities of a ledger."),
    "add": Later("authorising_acts:add", "Take another authority in, by a quorum."),
    "remove": Later("authorising_acts:remove", "Remove an authority, by a quorum."),
    "quorum": Later("authorising_acts:quorum", "Set how many decide together, by a quorum."),
    "form": Later("authorising_forms:form", "Certify forms of contract, withdraw and list them."),
    "patch": Later("authorising_patches:patch", "Propose, approve, activate and undo patches."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Say who keeps a ledger: list, add and remove authorities.",
    epilog="""\b
Examples:
  gridpact authority list lane-ledger
  gridpact authority add lane-ledger c=c.pub --as a=a.key --as b=b.key --why elected
  gridpact authority remove lane-ledger c --as a=a.key --with b --why left --draft c.act""",
)
def authority() -> None:
    """Say who keeps a ledger: authorities admit who takes part, and seal every block.

    A quorum of them decides who is one. Who is not at this machine signs a draft: --draft writes
    it, 'gridpact ledger sign' signs it, 'gridpact ledger commit' puts it on the ledger.
    """
