"""A book held against a ledger: each run from its evidence up to the roots that stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gridpact.app.books.anchoring import Held, Leaves, held, kept, positions, subject_of
from gridpact.app.books.branches import PART, Branch, branches, name_of
from gridpact.app.books.folder import Book
from gridpact.app.books.pinpointing import reading_told
from gridpact.app.books.remaking import Remade, remade
from gridpact.app.books.verifying import Check
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.base.errors import BadInput, Fault, GridpactError
from gridpact.ledger.merkle import Tree, leaf_hash, root
from gridpact.ledger.proofs.making import of_leaf
from gridpact.ledger.proofs.model import Opened, ProofFile
from gridpact.settlement.lines import Lines
from gridpact.settlement.runs.run import Run, difference


def audit(
    book: Book, ledger: AnyLedger, secrets: Mapping[str, bytes], period: str | None = None
) -> list[Check]:
    """Recompute a ledger, then each run of a book from rules, series and readings.

    Of each run the first place where it differs from the ledger is told.
    """
    try:
        ledger.verify()
    except GridpactError as error:
        return [Check("the ledger is whole", good=False, told=str(error))]
    subject, runs = subject_of(book), book.runs(period)
    there = held(ledger, subject)
    checks = [Check("the ledger is whole", good=True)]
    for run in runs:
        name = f"run {run.number}, {run.period} {run.kind}"
        if ("statements", name_of(run)) not in there.roots:
            checks.append(Check(f"{name}: not on the ledger yet", good=True))
            continue
        told = _told(book, run, there, secrets, subject)
        checks.append(Check(f"{name}: gives what is on the ledger", not told, told))
    lost = _unknown(there, {name_of(run) for run in book.runs()}, period)
    checks += [Check(f"{name} is on the ledger and not in the book", good=False) for name in lost]
    return checks


def _unknown(there: Held, known: set[str], period: str | None) -> list[str]:
    names = {name for kind, name in there.roots if kind == "statements" and "-run-" in name}
    return sorted(n for n in names - known if period is None or n.startswith(f"{period}-run-"))


def _told(book: Book, run: Run, there: Held, secrets: Mapping[str, bytes], operator: str) -> str:
    """Tell the first thing of a run that is not as committed; "" where all is."""
    try:
        again, leaves = remade(book, book.made(run)), kept(book, run)
        return next(_differences(again, leaves, there, secrets, operator), "")
    except GridpactError as error:
        return str(error).splitlines()[-1].strip()


def _differences(
    again: Remade, leaves: Leaves, there: Held, secrets: Mapping[str, bytes], operator: str
) -> Iterator[str]:
    run = again.made.run
    for branch in branches(again):
        if (branch.kind, branch.period) not in there.roots:
            yield f"{branch.kind} of {branch.period} are not on the ledger"
            continue
        _, entry = there.roots[branch.kind, branch.period]
        was = leaves.get((branch.kind, branch.period), {})
        now = opened(branch, was, secrets, operator)
        if root(list(now.values())) != entry.root:
            if root(list(was.values())) != entry.root:
                yield _words(branch, "") + _receiving_other(again, there)
                continue
            first = _first(was, now)
            secret = secrets.get(first, b"")
            kept_leaf = was.get(first, b"") if first in now else b""
            yield _words(branch, first) + reading_told(again, branch, first, kept_leaf, secret)
    for table, made, found in (
        ("lines", again.made.lines, again.lines),
        ("booked", again.made.booked, again.booked),
    ):
        yield from _changed(table, made, found)
    for net in positions(run, again.booked):
        if there.net.get((net.period, net.currency)) != net:
            yield f"net positions in {net.currency}"


def opened(
    branch: Branch, was: Mapping[str, bytes], secrets: Mapping[str, bytes], operator: str
) -> dict[str, bytes]:
    """Return a branch's leaves; those of subjects that were erased are as they were kept."""
    found = branch.leaves(secrets, operator)
    return {subject: leaf or was.get(subject, b"") for subject, leaf in found.items()}


def _receiving_other(again: Remade, there: Held) -> str:
    """Name, where leaves tell nothing, who was to receive or pay something else."""
    names = {
        name
        for net in positions(again.made.run, again.booked)
        if (before := there.net.get((net.period, net.currency))) is not None
        for name, _ in set(net.positions) ^ set(before.positions)
    }
    return f"; net positions differ of {', '.join(sorted(names))}" if names else ""


def _first(was: Mapping[str, bytes], now: Mapping[str, bytes]) -> str:
    return next(name for name in {**was, **now} if was.get(name) != now.get(name))


def _words(branch: Branch, subject: str) -> str:
    if not subject:
        return f"{branch.kind} of {branch.period}, and the leaves that were kept of them"
    if not subject.startswith(PART):
        return f"{branch.kind} of {subject} in {branch.period}"
    _, what, *name = subject.split(PART, 2)
    return " ".join(("the", what, *name, "of", branch.period))


def _changed(table: str, made: Lines, found: Lines) -> Iterator[str]:
    """Yield the first line that is kept other than it is made again."""
    rest = difference(found, [made])
    if len(rest):
        owner, head = rest.owners[rest.owner[0]], rest.heads[rest.head[0]]
        yield f"{table}.parquet: the line {head.name} of {owner}"


def prove(
    book: Book,
    ledger: AnyLedger,
    secrets: Mapping[str, bytes],
    run: Run,
    asked: tuple[str, str, str],
) -> ProofFile:
    """Prove what a ledger holds of somebody in a run.

    ``asked`` are the kind of leaf, the local day of readings ("" for others), and whose. BadInput
    where it is not on the ledger, or not as committed.
    """
    kind, day, subject = asked
    period = f"{name_of(run)}-{day}" if day else name_of(run)
    operator, again = subject_of(book), remade(book, book.made(run))
    found = next((b for b in branches(again) if (b.kind, b.period) == (kind, period)), None)
    roots, where = held(ledger, operator).roots, f"{kind} {period}"
    if found is None or (kind, period) not in roots:
        raise _refused(where, "is not on the ledger", "see gridpact books anchor")
    if subject not in found.values or subject not in secrets:
        problem = f"{subject} has none, or its secret is not there"
        raise _refused(where, problem, "name somebody who has, and whose secret is held")
    leaves = opened(found, kept(book, run).get((kind, period), {}), secrets, operator)
    index, entry = roots[kind, period]
    if root(list(leaves.values())) != entry.root:
        raise _refused(where, "is not as committed", "see gridpact books verify --ledger")
    what = Opened(found.salt(subject, secrets[subject]), found.body(subject))
    tree = Tree(map(leaf_hash, leaves.values()))
    return of_leaf(ledger, index, tree, list(leaves).index(subject), what, ledger.keys())


def _refused(where: str, problem: str, fix: str) -> BadInput:
    return BadInput([Fault("arguments", 0, where, problem, fix)])
