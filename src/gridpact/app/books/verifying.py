"""A book held against itself: its journal, its runs recomputed from their inputs, its sums."""

from __future__ import annotations

import msgspec

from gridpact.app.books.accounts import accounts_of
from gridpact.app.books.folder import Book
from gridpact.app.books.kept import Made
from gridpact.app.books.kept_totals import NAME, kept_totals, made_totals
from gridpact.app.books.remaking import earlier, remade
from gridpact.app.invoicing.issuing import damage as invoices_damage
from gridpact.base.errors import GridpactError
from gridpact.settlement.accounts.balance import totals, trial_balance, unbalanced
from gridpact.settlement.lines import Lines, digest, received
from gridpact.settlement.runs.run import Run, difference


class Check(msgspec.Struct, frozen=True):
    """One thing that was held against the book; ``told`` says what does not hold."""

    name: str
    good: bool
    told: str = ""


def verify(book: Book) -> list[Check]:
    """Check a book: the chain of its journal, and every run recomputed from what it kept.

    Readings are read again from where they came, as they were known then.
    """
    damage = book.journal.damage()
    checks = [Check("the journal is as it was booked", not damage, damage)]
    for run in book.runs():
        checks += _run_checks(book, run)
    documents = [
        Check(f"invoices of {period}: as they were issued, without a gap", not told, told)
        for period, told in invoices_damage(book)
    ]
    return [*checks, *documents, _accounts_check(book)]


def _accounts_check(book: Book) -> Check:
    name = "every transfer balances, and so do all accounts"
    try:
        postings, stale = accounts_of(book).postings, _stale(book)
    except GridpactError as error:
        return Check(name, good=False, told=str(error).splitlines()[-1].strip())
    wrong = len(unbalanced(postings))
    good = not wrong and not any(totals(trial_balance(postings)).values())
    told = f"{wrong} transfers do not" if wrong else ""
    return Check(name, good and not stale, told or stale)


def _stale(book: Book) -> str:
    """Tell the first run of which other totals are kept than its lines come to."""
    for run in book.runs():
        kept = kept_totals(book, run)
        if kept is not None and kept != made_totals(book, run):
            return f"totals of run {run.number} are not those of its lines: remove {NAME} there"
    return ""


def _run_checks(book: Book, run: Run) -> list[Check]:
    name = f"run {run.number}, {run.period} {run.kind}"
    try:
        made = book.made(run)
        again = remade(book, made)
    except GridpactError as error:
        return [Check(f"{name}: recomputed", good=False, told=str(error).splitlines()[-1].strip())]
    sums = [sum(table.values()) for table in received(made.booked).values()]
    return [
        Check(
            f"{name}: readings are those it was made of", *_same(run.readings, again.source.digest)
        ),
        Check(f"{name}: recomputed, to the last unit", *_same(run.lines, digest(again.lines))),
        Check(f"{name}: what is kept is what was booked", *_kept(made)),
        Check(f"{name}: with the runs before, it is the run", *_adds_up(made, earlier(book, made))),
        Check(f"{name}: what is paid is received", not any(sums)),
    ]


def _same(booked: str, found: str) -> tuple[bool, str]:
    return booked == found, "" if booked == found else f"{found[:12]}, booked was {booked[:12]}"


def _kept(made: Made) -> tuple[bool, str]:
    run = made.run
    wrong = [
        what
        for what, booked, found in (
            ("rules.json", run.rules, made.rules.digest),
            ("lines.parquet", run.lines, digest(made.lines)),
            ("booked.parquet", run.booked, digest(made.booked)),
        )
        if booked != found
    ]
    return not wrong, ", ".join(wrong)


def _adds_up(made: Made, before: list[Lines]) -> tuple[bool, str]:
    rest = difference(made.lines, [*before, made.booked])
    return len(rest) == 0, f"{len(rest)} lines differ" if len(rest) else ""
