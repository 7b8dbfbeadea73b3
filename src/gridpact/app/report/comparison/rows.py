"""Rows that read the same in a terminal and on a page."""

from __future__ import annotations

from gridpact.app.compare.mechanisms import Outcome
from gridpact.app.compare.whole import RunsCompared, WholeRun
from gridpact.app.report.comparison.amounts import gini, nano, share, starred, who_gains
from gridpact.app.report.text import Money, kwh


def gain_cells(found: Outcome, money: Money) -> tuple[str, ...]:
    """What others took of an outcome's trades, what members gained, and how it was shared."""
    return (
        nano(money, found.market_fees_nano),
        nano(money, found.grid_charges_nano),
        nano(money, sum(found.gain_nano)),
        who_gains(found.spread),
        gini(found.spread),
    )


def run_row(run: WholeRun, money: Money) -> tuple[str, ...]:
    """What a whole run comes to: its name, four figures of energy, three of bills, and savings."""
    return (
        starred(run.name, recorded=run.recorded),
        kwh(run.traded_wh, 1),
        kwh(run.shared_wh, 1),
        kwh(run.supplier_wh, 1),
        share(run.local_share_ppm),
        money.minor(sum(run.bill_minor)),
        money.minor(sum(run.supplier_only_minor)),
        money.minor(sum(run.saving_minor)),
        who_gains(run.spread),
        gini(run.spread),
    )


def parties_of(found: RunsCompared) -> tuple[str, ...]:
    """Parties that received anything in any run, each once, in the order they first come up."""
    return tuple(dict.fromkeys(party for run in found.runs for party in run.parties))


def received_row(run: WholeRun, parties: tuple[str, ...], money: Money) -> tuple[str, ...]:
    """What each party received in a run."""
    return (run.name, *(money.minor(run.parties.get(party, 0)) for party in parties))
