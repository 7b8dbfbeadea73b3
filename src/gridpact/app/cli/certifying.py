"""``gridpact certificates``: guarantees of origin, from meters to disclosure."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "init": Later("certifying_init:init", "Begin a register from a file of rules."),
    "issue": Later("certifying_issue:issue", "Issue certificates for metered energy."),
    "transfer": Later("certifying_move:transfer", "Move certificates to another holder."),
    "cancel": Later("certifying_cancel:cancel", "Use certificates up for consumption."),
    "withdraw": Later("certifying_move:withdraw", "Take certificates out, with a reason."),
    "statement": Later("certifying_statement:statement", "State an operation, or sources."),
    "holdings": Later("certifying_show:holdings", "List who holds which certificates."),
    "operations": Later("certifying_show:operations", "List operations, or export them."),
    "verify": Later("certifying_show:verify", "Check a register from its first entry on."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Issue, move and cancel guarantees of origin.",
    epilog="""\b
Examples:
  gridpact certificates init -r lane --rules certificates.yaml
  gridpact certificates issue -r lane --period 2026-03 --readings store
  gridpact certificates cancel -r lane --from mill --energy 2MWh --for bakery --period 2026
  gridpact certificates holdings -r lane""",
)
def certificates() -> None:
    """Prove where energy came from: metered, issued, transferred, then cancelled or expired.

    A register is a folder, that of a book or its own: the rules, and a journal of operations in
    which each entry is bound to the one before. No Wh ever carries two certificates.
    """
