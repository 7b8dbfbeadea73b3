"""Drafts issued as documents with numbers, and corrected without changing what was issued.

When a later run comes to other lines, the invoice is taken back whole by a credit note and a new
invoice is issued. Both state tax as base × rate to the unit, which an invoice over differences
could not: rounded differences of tax are not the rounded tax of differences. Together they come to
the corrections that the run booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.settlement.invoices.document import CREDITS, Document, Key, says_same
from gridpact.settlement.invoices.drafting import Drafts, issuers_of
from gridpact.settlement.invoices.on_demand import OnDemand


class Issue(msgspec.Struct, frozen=True):
    """When documents are issued and due [s since the epoch], and how many there were before.

    ``counts`` maps an issuer to the number of documents that it issued before.
    """

    issued_s: int
    due_s: int
    counts: Mapping[str, int]


def standing(documents: Iterable[Document]) -> dict[Key, Document]:
    """Return the invoices that stand: issued, and not taken back by a credit note."""
    found: dict[Key, Document] = {}
    for document in documents:
        if document.credit:
            del found[document.key]
        else:
            found[document.key] = document
    return found


def issue(made: Sequence[Document], before: Mapping[Key, Document], how: Issue) -> list[Document]:
    """Return the documents to issue so that, with those before, drafts stand.

    Nothing is issued where a standing invoice says what the draft says. ``before`` are the
    invoices that stand. Numbers follow each other without a gap for each issuer.
    """
    wanted = {draft.key: draft for draft in made}
    counts = dict(how.counts)
    found: list[Document] = []
    for key in sorted({*wanted, *before}):
        found += [
            _numbered(document, counts, how) for document in _pair(wanted.get(key), before.get(key))
        ]
    return found


def _pair(draft: Document | None, stood: Document | None) -> list[Document]:
    """Return the credit note and the invoice that are due, either or none."""
    if draft is not None and stood is not None and says_same(draft, stood):
        return []
    found = []
    refers = ""
    if stood is not None:
        refers = stood.number
        run = stood.run if draft is None else draft.run
        found.append(
            msgspec.structs.replace(stood, code=CREDITS[stood.code], refers=refers, run=run)
        )
    if draft is not None:
        found.append(msgspec.structs.replace(draft, refers=refers))
    return found


def _numbered(document: Document, counts: dict[str, int], how: Issue) -> Document:
    number = counts[document.issuer] = counts.get(document.issuer, 0) + 1
    return _issued(document, number, how)


def _issued(document: Document, number: int, how: Issue) -> Document:
    return msgspec.structs.replace(
        document,
        number=numbered(document.issuer, number),
        issued_s=how.issued_s,
        due_s=how.due_s,
    )


def numbered(issuer: str, number: int) -> str:
    """Return the number of an issuer's document, such as ``grid-co-000042``."""
    return f"{issuer}-{number:06d}"


class First(OnDemand):
    """All drafts of a run issued, as :func:`issue` does where no invoice stands.

    Documents are made when they are asked for. ``added`` are those of each issuer.
    """

    def __init__(self, made: Drafts, how: Issue) -> None:
        self.drafts, self._how = made, how
        issuers = issuers_of(made.kinds, made.codes)
        self._issuers = sorted({*issuers})
        rows = np.array([self._issuers.index(name) for name in issuers], np.int64)
        self._places = _places(rows[made.kind], len(self._issuers))
        self._numbers = np.zeros(len(made), np.int64)
        for name, places in zip(self._issuers, self._places, strict=True):
            self._numbers[places] = how.counts.get(name, 0) + 1 + np.arange(len(places))
        counted = {
            name: len(places) for name, places in zip(self._issuers, self._places, strict=True)
        }
        self.added = {name: count for name, count in counted.items() if count}

    def __len__(self) -> int:
        return len(self.drafts)

    def _made(self, place: int) -> Document:
        return _issued(self.drafts[place], int(self._numbers[place]), self._how)

    def __iter__(self) -> Iterator[Document]:
        for document, number in zip(self.drafts, self._numbers.tolist(), strict=True):
            yield _issued(document, number, self._how)

    def of(self, owner: str) -> list[Document]:
        """Return an owner's documents."""
        return [self[place] for place in self.drafts.of(owner)]

    def place(self, issuer: str, number: int) -> int | None:
        """Return where the document of a number is, None where it is not among these."""
        if issuer not in self._issuers:
            return None
        places = self._places[self._issuers.index(issuer)]
        at = number - self._how.counts.get(issuer, 0) - 1
        return int(places[at]) if 0 <= at < len(places) else None


def _places(numbers: Ints, count: int) -> list[Ints]:
    """Return the places of each number below ``count``, ascending."""
    order = np.argsort(numbers, kind="stable")
    edges = np.searchsorted(numbers[order], np.arange(count + 1)).tolist()
    return [order[first:end] for first, end in pairwise(edges)]
