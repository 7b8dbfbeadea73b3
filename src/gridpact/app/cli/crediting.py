"""``gridpact credential``: certificates of assets and inspections that show what is chosen."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "issue": Later("crediting_issue:issue", "Issue a credential, attested on a ledger."),
    "end": Later("crediting_issue:end", "End an attestation before its time."),
    "list": Later("crediting_issue:list_", "List what is attested on a ledger."),
    "present": Later("crediting_present:present", "Show chosen claims to one verifier."),
    "check": Later("crediting_present:check", "Check what a holder presents."),
    "did": Later("crediting_did:did", "Show the identifier of a key, or its document."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Issue, present and check credentials of assets.",
    epilog="""\b
Examples:
  gridpact credential did a.pub
  gridpact credential present c --show power_w --key home.key --to dso --nonce 4711 --out shown
  gridpact credential list lane-ledger""",
)
def credential() -> None:
    """Certify assets and inspections by credentials (SD-JWT VC) that a ledger attests to.

    The ledger holds a hash alone. The holder shows a verifier the claims that it chooses, and signs
    for that verifier and its question.
    """
