"""The accounts of a book: what its runs and its operations come to.

A run that was booked is posted as it was settled, and everything else that moves money is an
operation in the journal: accounts are recomputed from both. What the lines of a run come to is kept
beside it, so that a balance does not read them all again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from gridpact.app.books.folder import Book
from gridpact.app.books.kept_totals import totals_of
from gridpact.base.errors import StoreError
from gridpact.settlement.accounts.balance import balances
from gridpact.settlement.accounts.chart import Chart, chart_of
from gridpact.settlement.accounts.postings import Postings, posted, posted_lines, together
from gridpact.settlement.accounts.standing import (
    Capture,
    Hold,
    Operation,
    Release,
    Standing,
    captured,
)
from gridpact.settlement.accounts.transfers import Balances, Transfer
from gridpact.settlement.runs.run import Run

OPERATIONS = ("transfer", "hold", "capture", "release", "limit")
"""Kinds of journal entries that change accounts or what is available on them, beside runs."""
_KINDS = {Transfer: "transfer", Hold: "hold", Capture: "capture", Release: "release"}


class Accounts(msgspec.Struct, frozen=True):
    """Accounts of a book: all postings, and how they stand after everything that was booked.

    ``operations`` are those of the journal, each with when it was booked [s since the epoch].
    """

    chart: Chart
    postings: Postings
    standing: Standing
    operations: tuple[tuple[Operation, int], ...]


class _Posted(NamedTuple):
    """What a run comes to: postings, debits less credits, and who there was."""

    postings: Postings
    balances: Balances
    roles: Mapping[str, str]


def accounts_of(book: Book) -> Accounts:
    """Return the accounts of a book, with every line of its runs posted.

    Raises StoreError where its journal does not add up.
    """
    return _accounts(book, _of_lines)


def balances_of(book: Book) -> Accounts:
    """Return the accounts of a book with postings of runs in sum, as runs keep them.

    They come to the same balances at any instant, and no lines of earlier runs are read for them.
    Raises as :func:`accounts_of`.
    """
    return _accounts(book, _of_totals)


def _accounts(book: Book, posted_run: Callable[[Book, Run, int], _Posted]) -> Accounts:
    entries = book.journal.entries("run", *OPERATIONS)
    parts = {
        entry: posted_run(book, msgspec.json.decode(entry.body, type=Run), entry.at_s)
        for entry in entries
        if entry.kind == "run"
    }
    chart = _chart(book, [*parts.values()])
    standing, done = Standing(chart), []
    for entry in entries:
        if entry.kind == "run":
            standing.settle(parts[entry].balances)
            continue
        operation = msgspec.json.decode(entry.body, type=Operation)
        if refused := standing.apply(operation):
            raise StoreError(f"{book.folder}: entry {entry.number} of the journal: {refused}")
        done.append((operation, entry.at_s))
    found = [*(part.postings for part in parts.values()), _posted(done)]
    return Accounts(chart, together(found), standing, tuple(done))


def _of_lines(book: Book, run: Run, at_s: int) -> _Posted:
    """Post the lines of a run, which count from the last second of its period."""
    rules, booked = book.posted(run)
    chart = chart_of(rules)
    postings = posted_lines(booked, chart, f"run {run.number}", run.end_s - 1, at_s)
    return _Posted(postings, balances(postings), chart.roles)


def _of_totals(book: Book, run: Run, at_s: int) -> _Posted:
    found = totals_of(book, run)
    postings = found.postings(f"run {run.number}", run.end_s - 1, at_s)
    return _Posted(postings, found.balances, found.chart)


def _chart(book: Book, parts: list[_Posted]) -> Chart:
    """Return who there is, and who there was when a run was made."""
    roles: dict[str, str] = {}
    for part in parts:
        roles.update(part.roles)
    return Chart({**roles, **chart_of(book.rules().rules).roles})


def _posted(done: list[tuple[Operation, int]]) -> Postings:
    """Return the postings of operations that move money."""
    holds = {each.id: each for each, _ in done if isinstance(each, Hold)}
    transfers = []
    for operation, known_s in done:
        if isinstance(operation, Transfer):
            transfers.append((operation, known_s))
        elif isinstance(operation, Capture):
            transfers.append((captured(operation, holds[operation.hold]), known_s))
    return posted(transfers)


def operate(book: Book, make: Callable[[Accounts, str], Operation]) -> tuple[Operation, str]:
    """Book an operation; return it, and why it was refused, ``""`` where it was booked.

    ``make`` returns it from the accounts as they are and from an identifier that is free. Nobody
    else can book in between.
    """
    now_s = int(time.time())
    with book.journal.writing(now_s) as writing:
        accounts = balances_of(book)
        operation = make(accounts, _free(accounts))
        refused = accounts.standing.apply(operation)
        if not refused:
            writing.book(_KINDS.get(type(operation), "limit"), operation)
    return operation, refused


def _free(accounts: Accounts) -> str:
    """Return the first number from the count of operations on that names none of them."""
    taken = {operation.id for operation, _ in accounts.operations}
    number = len(taken) + 1
    while str(number) in taken:
        number += 1
    return str(number)
