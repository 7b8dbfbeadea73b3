"""What a run's lines come to on every account, kept beside the run.

Lines of a run count from one instant and were booked at one, so that a trial balance and what is
available need only what each account was debited and credited with. ``runs/0001/posted.json`` has
that with the hash of the run. It follows from the run: where it is absent, of another run or
damaged, it is made again, and ``gridpact books verify`` holds it against the lines.
"""

from __future__ import annotations

import contextlib
import hashlib

import msgspec
import numpy as np

from gridpact.app.books.folder import RUNS, Book
from gridpact.app.books.kept import folder_of
from gridpact.base.files import write_whole
from gridpact.base.units import Ints
from gridpact.settlement.accounts.balance import trial_balance
from gridpact.settlement.accounts.chart import chart_of
from gridpact.settlement.accounts.postings import Postings, posted_lines
from gridpact.settlement.runs.run import Run

NAME = "posted.json"


class Totals(msgspec.Struct, frozen=True):
    """Debits and credits of a run by account and currency [minor units], with who there was.

    ``run`` is its hash; ``account`` and ``currency`` are places in ``accounts`` and ``currencies``.
    ``roles`` are of those who are no members.
    """

    run: str
    members: tuple[str, ...]
    roles: dict[str, str]
    accounts: tuple[str, ...]
    currencies: tuple[str, ...]
    account: list[int]
    currency: list[int]
    debit: list[int]
    credit: list[int]

    @property
    def chart(self) -> dict[str, str]:
        """Names and roles, of members as well."""
        return {**self.roles, **dict.fromkeys(self.members, "member")}

    @property
    def balances(self) -> dict[tuple[str, str], int]:
        """Debits less credits by account and currency."""
        return {
            (self.accounts[account], self.currencies[currency]): debit - credit
            for account, currency, debit, credit in zip(
                self.account, self.currency, self.debit, self.credit, strict=True
            )
        }

    def postings(self, source: str, value_s: int, known_s: int) -> Postings:
        """Return them as postings: at most a debit and a credit for each account and currency."""
        account, currency, debit, credit = (
            np.array(each, np.int64)
            for each in (self.account, self.currency, self.debit, self.credit)
        )
        both = [np.concatenate([each, each]) for each in (account, currency)]
        minor = np.concatenate([debit, -credit])
        said, same = minor != 0, np.zeros(len(minor), np.int64)
        columns: list[Ints] = [*both, same, same, minor, same + value_s, same + known_s]
        return Postings(
            self.accounts, self.currencies, (source,), *(each[said] for each in columns)
        )


class _Kept(msgspec.Struct, frozen=True):
    totals: Totals
    digest: str


def totals_of(book: Book, run: Run) -> Totals:
    """Return what a run's lines come to, as kept or, where that cannot be, made and kept.

    Raises StoreError where the run itself is damaged.
    """
    found = kept_totals(book, run)
    if found is None:
        found = made_totals(book, run)
        path = folder_of(book.folder / RUNS, run.number) / NAME
        with contextlib.suppress(OSError):  # it is made again the next time
            write_whole(path, msgspec.json.encode(_Kept(found, _digest(found))))
    return found


def kept_totals(book: Book, run: Run) -> Totals | None:
    """Return what is kept of a run, None where that is not there, of another run or damaged."""
    try:
        data = (folder_of(book.folder / RUNS, run.number) / NAME).read_bytes()
        kept = msgspec.json.decode(data, type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
    good = kept.totals.run == run.hash and kept.digest == _digest(kept.totals)
    return kept.totals if good else None


def made_totals(book: Book, run: Run) -> Totals:
    """Return what a run's lines come to, from the lines."""
    rules, booked = book.posted(run)
    rows = trial_balance(posted_lines(booked, chart_of(rules), "", 0, 0))
    accounts = {
        name: place for place, name in enumerate(dict.fromkeys(row.account for row in rows))
    }
    units = {name: at for at, name in enumerate(dict.fromkeys(row.currency for row in rows))}
    return Totals(
        run=run.hash,
        members=tuple(member.id for member in rules.members),
        roles=dict(rules.parties),
        accounts=tuple(accounts),
        currencies=tuple(units),
        account=[accounts[row.account] for row in rows],
        currency=[units[row.currency] for row in rows],
        debit=[row.debit for row in rows],
        credit=[row.credit for row in rows],
    )


def _digest(totals: Totals) -> str:
    return hashlib.sha256(msgspec.json.encode(totals, order="deterministic")).hexdigest()
