"""``gridpact ledger token``: tokens that stand in for money among those authorised."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.layout import aligned
from gridpact.app.cli.ledgering_options import LEDGER, Acting, act, acting_options
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.ledgers import home
from gridpact.ledger.kinds.money import TokensBurnt, TokensMinted, TokensTransferred

TOKEN = click.option("--token", required=True, help="Which token, such as eur.")
UNITS = click.option("--units", required=True, type=int, help="How many, in minor units.")
HOLDER = click.argument("holder")


@click.group(short_help="Mint, burn and transfer tokens.")
def token() -> None:
    """Keep tokens, in whole minor units: made for money that came in, burnt for what goes out.

    The operator mints and burns; only participants who are authorised hold and transfer them.
    """


@token.command(
    short_help="Issue tokens for money that came in.",
    epilog="""\b
Example:
  gridpact ledger token mint l home-07 --token eur --units 500 --for in-9 --as o=o.key --why x""",
)
@LEDGER
@HOLDER
@TOKEN
@UNITS
@click.option("--for", "deposit", required=True, metavar="PAYMENT", help="Its deposit, used once.")
@acting_options
def mint(place: Path, holder: str, token: str, units: int, deposit: str, doing: Acting) -> None:
    """Issue tokens to HOLDER for a deposit of as much money."""
    entry = TokensMinted(token, holder, units, deposit)
    act(place, doing, [entry], f"{units} {token} are minted for {holder}")


@token.command(
    short_help="Take tokens back for money that goes out.",
    epilog="""\b
Example:
  gridpact ledger token burn l home-07 --token eur --units 500 --for out-9 --as o=o.key --why x""",
)
@LEDGER
@HOLDER
@TOKEN
@UNITS
@click.option("--for", "paid", required=True, metavar="PAYMENT", help="Its payout, used once.")
@acting_options
def burn(place: Path, holder: str, token: str, units: int, paid: str, doing: Acting) -> None:
    """Take tokens back from HOLDER for as much money that is paid out."""
    entry = TokensBurnt(token, holder, units, paid)
    act(place, doing, [entry], f"{units} {token} of {holder} are burnt")


@token.command(
    short_help="Move tokens between two participants.",
    epilog="""\b
Example:
  gridpact ledger token transfer l home-07 pub --token eur --units 5 --as o=o.key --why lunch""",
)
@LEDGER
@click.argument("sender")
@click.argument("receiver")
@TOKEN
@UNITS
@acting_options
def transfer(
    place: Path, sender: str, receiver: str, token: str, units: int, doing: Acting
) -> None:
    """Move tokens from SENDER to RECEIVER; the sender acts, or the operator for it."""
    entry = TokensTransferred(token, sender, receiver, units)
    act(place, doing, [entry], f"{units} {token} go from {sender} to {receiver}")


@token.command(
    "list",
    short_help="List who holds which tokens.",
    epilog="\b\nExample:\n  gridpact ledger token list lane-ledger",
)
@LEDGER
@output_options
def list_(place: Path, as_json: bool, quiet: bool) -> None:
    """List what each participant holds, and how much of each token there is."""
    with home.opened(place) as ledger:
        state = ledger.state()
    supply, balances = sorted(state.supply.rows.items()), sorted(state.balances.rows.items())
    if as_json:
        held = [
            {"token": name, "holder": holder, "units": units} for (name, holder), units in balances
        ]
        say_json({"supply": dict(supply), "balances": held})
    elif not quiet:
        rows = [(holder, f"{units}", name) for (name, holder), units in balances]
        rows += [("all", f"{units}", name) for name, units in supply]
        for line in aligned(rows, right=(1,)):
            say(harmless(line))
        if not supply:
            say("no tokens were minted yet")
