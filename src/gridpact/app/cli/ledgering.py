"""``gridpact ledger``: a record that anybody checks."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "init": Later("ledgering_init:init", "Found a ledger of one or more authorities."),
    "deploy": Later(
        "ledgering_deploy:deploy", "Found a ledger on a chain, and put its contracts there."
    ),
    "status": Later("ledgering_show:status", "Show where a ledger stands."),
    "verify": Later("ledgering_show:verify", "Recompute a ledger from its first entry on."),
    "export": Later("ledgering_show:export", "Write all entries as lines of JSON."),
    "prove": Later("ledgering_prove:prove", "Write the proof of an entry, or of what it anchors."),
    "check": Later("ledgering_prove:check", "Check a proof, away from the ledger."),
    "follow": Later(
        "ledgering_witness:follow", "Check what is new on a ledger, as a witness, and sign it."
    ),
    "meet": Later(
        "ledgering_witness:meet", "Hold another witness's head against what was seen here."
    ),
    "fork": Later("ledgering_witness:fork", "Check the proof of a fork, away from the ledger."),
    "compare": Later(
        "ledgering_compare:compare", "Do a month's work on several ledgers, side by side."
    ),
    "archive": Later("ledgering_archive:archive", "Move the entries of the past to another disk."),
    "scan": Later("ledgering_scan:scan", "Look for anything personal on a ledger."),
    "token": Later("ledgering_tokens:token", "Mint, burn and transfer tokens."),
    "certificate": Later(
        "ledgering_certificates:certificate", "Issue, transfer and end guarantees of origin."
    ),
    "govern": Later(
        "ledgering_govern:govern", "Stop contracts of a ledger on a chain, and replace a room."
    ),
    "sign": Later("ledgering_acts:sign", "Sign an act that somebody else drafted."),
    "commit": Later("ledgering_acts:commit", "Commit an act that all have signed."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Found, check, prove from and archive a ledger.",
    epilog="""\b
Examples:
  gridpact ledger init lane-ledger --name lane --as auth-a=a.key
  gridpact ledger status lane-ledger
  gridpact ledger verify runs/demo
  gridpact ledger prove runs/demo --readings 2026-06-15 --member home-07 --out readings.proof
  gridpact ledger check readings.proof --root 9245bdcb…""",
)
def ledger() -> None:
    """Keep a tamper-evident record of who takes part, what was agreed, measured and paid.

    A ledger is a folder: that of a run, kept by one key, or one that authorities founded, where
    every entry is covered by a signed act.
    """
