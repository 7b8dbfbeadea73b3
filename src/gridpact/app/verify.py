"""Verifying a finished run: every check on its folder, whatever the first of them says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from gridpact.app import checks, folder
from gridpact.app.checks import CheckFailed, counted
from gridpact.app.ledgers import of_runs
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.app.record import Record
from gridpact.base.errors import GridpactError, JournalDamaged, LedgerDamaged
from gridpact.kernel.journal import Journal
from gridpact.settlement.messages import DaySettled


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


def _whole(path: Path, record: Record, result: folder.Result) -> str:
    if record.head.hex() != result.journal_head:
        problem = "the journal ends elsewhere than the run's result says"
        if (path / folder.PAUSED).exists() and record.rows > result.rows:
            problem = "an order came in and was not answered: place it again, or resume the run"
        raise CheckFailed(problem)
    return f"{record.rows:,} rows chained"


def _same_state(journal: Journal, record: Record, result: folder.Result) -> str:
    if checks.replayed(journal, record) != result.state_hash:
        raise CheckFailed("replaying gives another state than the run's result says")
    return f"state {result.state_hash[:12]}…"


def _signed(ledger: AnyLedger, result: folder.Result) -> str:
    head = ledger.verify()
    if (head.height, head.root.hex()) != (result.ledger_height, result.ledger_root):
        raise CheckFailed("the ledger ends elsewhere than the run's result says")
    return f"{head.height} signed blocks"


def _described(path: Path, record: Record, manifest: folder.Manifest, result: folder.Result) -> str:
    opening, settled = record.opening(), [day.day for day in record.all(DaySettled)]
    paused = (path / folder.PAUSED).exists()
    for name, said, held in (
        ("seed", manifest.seed, opening.seed),
        ("first_day", manifest.first_day, opening.first_day),
        ("days", result.days if paused else manifest.days, len(settled)),
    ):
        if said != held:
            raise CheckFailed(f"{folder.MANIFEST} says {name} {said}, the journal {held}")
    if folder.digest(path / folder.SCENARIO) != manifest.scenario_sha256:
        raise CheckFailed(f"{folder.SCENARIO} is not the one that the run was started with")
    if (result.days, result.rows) != (len(settled), record.rows):
        raise CheckFailed(f"{folder.RESULT} counts other days or rows than the journal has")
    return f"seed {opening.seed}, {counted(len(settled), 'day')} from {opening.first_day}"


def verify(path: Path) -> list[Outcome]:
    """Run every check on the folder of a finished or paused run, and write nothing there.

    Raises BadInput where the folder holds no such run, StoreError where it cannot be read.
    """
    manifest, result = folder.manifest(path), folder.standing(path)
    with ExitStack() as stack:
        try:
            journal = folder.journal(path)
            stack.callback(journal.close)
            record = Record(journal)
            seed = record.opening().seed
        except JournalDamaged as error:
            return [Outcome("journal is whole", False, str(error))]
        return [
            _outcome("journal is whole", lambda: _whole(path, record, result)),
            _outcome(
                "folder describes this run", lambda: _described(path, record, manifest, result)
            ),
            _outcome("replay gives the same state", lambda: _same_state(journal, record, result)),
            *_on_ledger(path, seed, record, result),
            _outcome("roots follow from the evidence", lambda: checks.roots(record)),
            _outcome("energy balances in every slot", lambda: checks.energy(record)),
            _outcome("meters agree with the boundary", lambda: checks.boundary(record)),
            _outcome("money paid is money received", lambda: checks.money(record)),
            *_on_files(path, record),
        ]


def _on_files(path: Path, record: Record) -> list[Outcome]:
    """Check the files of a finished run; a paused one has not written them yet."""
    if (path / folder.PAUSED).exists():
        return []
    name = "files give what the journal has"
    return [_outcome(name, lambda: checks.exported(path, record))]


def _on_ledger(path: Path, seed: int, record: Record, result: folder.Result) -> list[Outcome]:
    """Check the ledger by itself and against the journal."""
    try:
        opened = of_runs.opened(path, seed)
    except LedgerDamaged as error:
        return [Outcome("ledger is whole", False, str(error))]
    with opened as ledger:
        return [
            _outcome("ledger is whole", lambda: _signed(ledger, result)),
            _outcome("ledger has what was committed", lambda: checks.commitments(record, ledger)),
        ]
