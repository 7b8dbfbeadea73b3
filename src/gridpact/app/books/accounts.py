"""The accounts of a book: what its runs and its operations come to.

A run that was booked is posted as it was settled, and everything else that moves money is an
operation in the journal. Nothing else is kept: accounts are recomputed from both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec

from gridpact.app.books.folder import Book
from gridpact.app.books.journal import Entry
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
from gridpact.settlement.accounts.transfers import Transfer
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


def accounts_of(book: Book) -> Accounts:
    """Return the accounts of a book; StoreError where its journal does not add up."""
    entries = book.journal.entries("run", *OPERATIONS)
    parts = list(_posted_runs(book, entries))
    chart = _chart(book, parts)
    standing, done = Standing(chart), []
    posted_by = {entry: postings for entry, postings, _ in parts}
    for entry in entries:
        if entry.kind == "run":
            standing.settle(balances(posted_by[entry]))
            continue
        operation = msgspec.json.decode(entry.body, type=Operation)
        if refused := standing.apply(operation):
            raise StoreError(f"{book.folder}: entry {entry.number} of the journal: {refused}")
        done.append((operation, entry.at_s))
    return Accounts(chart, together([*posted_by.values(), _posted(done)]), standing, tuple(done))


def _posted_runs(book: Book, entries: list[Entry]) -> Iterator[tuple[Entry, Postings, Chart]]:
    for entry in entries:
        if entry.kind == "run":
            run = msgspec.json.decode(entry.body, type=Run)
            rules, booked = book.posted(run)
            chart = chart_of(rules)
            name = f"run {run.number}"  # it counts from the last second of its period
            yield entry, posted_lines(booked, chart, name, run.end_s - 1, entry.at_s), chart


def _chart(book: Book, parts: list[tuple[Entry, Postings, Chart]]) -> Chart:
    """Return who there is, and who there was when a run was made."""
    roles: dict[str, str] = {}
    for _, _, chart in parts:
        roles.update(chart.roles)
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
        accounts = accounts_of(book)
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
