"""Verifying a finished run: every check on its folder, whatever the first of them says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from gridpact.app import checks, folder
from gridpact.app.checks import CheckFailed
from gridpact.app.record import Record
from gridpact.base.errors import GridpactError
from gridpact.kernel.journal import Journal
from gridpact.ledger.local import LocalLedger


class Outcome(msgspec.Struct, frozen=True):
    """One check: its name, whether it holds, and what was compared or what is wrong."""

    name: str
    holds: bool
    detail: str


def _outcome(name: str, check: Callable[[], str]) -> Outcome:
    try:
        return Outcome(name, True, check())
    except GridpactError as error:
        return Outcome(name, False, str(error))


def _whole(record: Record, result: folder.Result) -> str:
    if record.head.hex() != result.journal_head:
        raise CheckFailed("the journal ends elsewhere than the run's result says")
    return f"{record.rows} rows chained"


def _same_state(journal: Journal, record: Record, result: folder.Result) -> str:
    if checks.replayed(journal, record) != result.state_hash:
        raise CheckFailed("replaying gives another state than the run's result says")
    return f"state {result.state_hash[:12]}…"


def _signed(ledger: LocalLedger, result: folder.Result) -> str:
    head = ledger.verify()
    if (head.height, head.root.hex()) != (result.ledger_height, result.ledger_root):
        raise CheckFailed("the ledger ends elsewhere than the run's result says")
    return f"{head.height} signed blocks"


def verify(path: Path) -> list[Outcome]:
    """Run every check on a finished run's folder."""
    result, seed = folder.result(path), folder.manifest(path).seed
    journal, ledger = folder.journal(path), folder.ledger(path, seed)
    try:
        record = Record(journal)
        return [
            _outcome("journal is whole", lambda: _whole(record, result)),
            _outcome("replay gives the same state", lambda: _same_state(journal, record, result)),
            _outcome("ledger is whole", lambda: _signed(ledger, result)),
            _outcome("ledger has what was committed", lambda: checks.commitments(record, ledger)),
            _outcome("roots follow from the evidence", lambda: checks.roots(record)),
            _outcome("energy balances in every slot", lambda: checks.energy(record)),
            _outcome("meters agree with the boundary", lambda: checks.boundary(record)),
            _outcome("money paid is money received", lambda: checks.money(record)),
        ]
    except GridpactError as error:
        return [Outcome("journal is whole", False, str(error))]
    finally:
        journal.close()
        ledger.close()
