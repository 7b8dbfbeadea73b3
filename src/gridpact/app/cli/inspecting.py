"""``gridpact replay`` and ``gridpact verify``; how ``gridpact explain`` shows a line of a run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gridpact.app import checks, folder
from gridpact.app.cli.output import mark, output_options, say, say_json
from gridpact.app.explain import Explanation
from gridpact.app.record import Record
from gridpact.app.report.text import Money
from gridpact.app.slot_shares import TradeShare
from gridpact.app.summary import plain
from gridpact.app.verify import verify

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(
    short_help="Recompute a run from its journal alone.",
    epilog="\b\nExample:\n  gridpact replay runs/demo",
)
@click.argument("path", metavar="DIR", type=FOLDER)
@output_options
def replay(path: Path, as_json: bool, quiet: bool) -> None:
    """Recompute the run in DIR from its journal alone and compare the state hash.

    The run has finished, or waits for people. Nothing is forecast, solved, dispatched or
    committed again: those answers are in the journal.
    """
    expected = folder.standing(path).state_hash
    journal = folder.journal(path)
    try:
        record = Record(journal)
        found = checks.replayed(journal, record)
    finally:
        journal.close()
    same = found == expected
    if as_json:
        say_json({"rows": record.rows, "state": found, "expected": expected, "same": same})
    elif not quiet or not same:
        say(f"{checks.counted(record.rows, 'message')} replayed")
        say(f"state    {found}")
        say(f"recorded {expected}")
        say(click.style("identical", fg="green") if same else click.style("DIFFERENT", fg="red"))
    sys.exit(0 if same else 1)


@click.command(
    "verify",
    short_help="Check every commitment and every book of a run.",
    epilog="\b\nExample:\n  gridpact verify runs/demo",
)
@click.argument("path", metavar="DIR", type=FOLDER)
@output_options
def verify_run(path: Path, as_json: bool, quiet: bool) -> None:
    """Check every commitment of the run in DIR, and that every book balances.

    The run has finished, or waits for people; what a paused run has not written is not checked.
    """
    outcomes = verify(path)
    if as_json:
        say_json(outcomes)
    for outcome in outcomes:
        if not as_json and (not quiet or not outcome.holds):
            say(f"{mark(good=outcome.holds)} {outcome.name:<32} {outcome.detail}")
    sys.exit(0 if all(outcome.holds for outcome in outcomes) else 1)


def run_lines(found: Explanation) -> list[str]:
    """Lay the explanation of a run's line out for a person."""
    money = Money(found.currency, found.minor_nano)
    proof, payer, payee, nano = found.proof, found.payer, found.payee, found.nano
    if nano < 0:
        payer, payee, nano = payee, payer, -nano
    amount = f"{plain(money.minor(abs(found.minor)))} {found.currency}"
    exact = plain(money.exact(nano))
    return [
        found.line,
        f"  {payer} pays {payee} {amount} for {found.energy_wh / 1000:,.3f} kWh",
        f"  exactly {exact} {found.currency}, rounded once: {found.rounding} {found.currency}",
        f"  contract: {found.contract}",
        "",
        *_table(found, money),
        "",
        *_trades(found),
        f"  statement leaf {proof.leaf[:16]}… is under root {proof.root[:16]}…",
        f"  that root is entry {proof.entry} of the ledger, in block {proof.block}",
        f"  the ledger's tree has root {proof.tree_root[:16]}…",
        "  proofs " + ("verified" if found.verified else "DO NOT VERIFY"),
    ]


def _trades(found: Explanation) -> list[str]:
    """Say how a line of trades was agreed, with whom, and where the terms are on the ledger."""
    if found.agreed is None:
        return []
    agreed, unit = found.agreed, f"{found.currency}/kWh"
    fees = [
        f"{side} pay {fee / 1e6:.6f} {unit}"
        for side, fee in (
            ("buyers", agreed.buyer_fee_micro_per_kwh),
            ("sellers", agreed.seller_fee_micro_per_kwh),
        )
        if fee
    ]
    trades = [(share.local_time, trade) for share in found.slots for trade in share.trades]
    return [
        f"  traded in {agreed.session} by {agreed.mechanism}; fees: {', '.join(fees) or 'none'}",
        *(_trade(at, trade, unit) for at, trade in trades),
        f"  terms {agreed.proof.leaf[:16]}… are under root {agreed.proof.root[:16]}…",
        f"  that root is entry {agreed.proof.entry} of the ledger, in block {agreed.proof.block}",
        "",
    ]


def _trade(at: str, trade: TradeShare, unit: str) -> str:
    """Write one trade, and the buyer's price where it is another than the seller's."""
    sold, paid = trade.seller_micro_per_kwh / 1e6, trade.buyer_micro_per_kwh / 1e6
    charged = f", buyer pays {paid:.6f}" if paid != sold else ""
    energy = f"{trade.energy_wh / 1000:,.3f} kWh"
    return f"  {at:<6}{trade.seller} to {trade.buyer}: {energy} at {sold:.6f} {unit}{charged}"


def _table(found: Explanation, money: Money) -> list[str]:
    """One row per slot that has an amount; a sentence where none has."""
    if not found.slots:
        return ["  the amount is zero in every slot of the day"]
    names = list(found.slots[0].series)
    wide = [max(len(name), 12) + 2 for name in names]
    header = "".join(f"{name:>{width}}" for name, width in zip(names, wide, strict=True))
    rows = [
        f"  {share.local_time:<6}"
        + "".join(
            f"{share.series[name]:>{width},}" for name, width in zip(names, wide, strict=True)
        )
        + f"{plain(money.exact(share.nano)):>18}  "
        + ("estimated" if share.estimated else ", ".join(f"#{row}" for row in share.journal_rows))
        for share in found.slots
    ]
    space = sum(wide)
    return [
        f"  {'slot':<6}{header}{'amount':>18}  journal row of the reading",
        *rows,
        f"  {'total':<6}{'':>{space}}{plain(money.exact(found.nano)):>18}",
    ]
