"""``gridpact network``: chains of authorities: a test network here, and files for real nodes."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "up": Later("networking_local:up", "Start a test network of validators on this machine."),
    "down": Later("networking_local:down", "Stop a test network."),
    "status": Later("networking_local:status", "Show the nodes of a test network."),
    "config": Later("networking_config:config", "Write what the keepers of validators need."),
    "vote": Later("networking_vote:vote", "Vote a validator in or out, or list validators."),
    "reward": Later("networking_config:reward", "Share a period's reward among validators."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Run and configure the validators of a chain.",
    epilog="""\b
Examples:
  gridpact network up --validators 4 --out net
  gridpact network status net
  gridpact network config network.yaml --for besu --out north""",
)
def network() -> None:
    """Run and configure the validators of a chain that a ledger lies on.

    Validators are nodes that vote on each block. Four go on without one of them.
    """
