"""Drafts issued as documents with numbers, and corrected without changing what was issued.

When a later run comes to other lines, the invoice is taken back whole by a credit note and a new
invoice is issued. Both state tax as base × rate to the unit, which an invoice over differences
could not: rounded differences of tax are not the rounded tax of differences. Together they come to
the corrections that the run booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gridpact.settlement.invoices.document import CREDITS, Document, Key, says_same


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
    return msgspec.structs.replace(
        document,
        number=f"{document.issuer}-{number:06d}",
        issued_s=how.issued_s,
        due_s=how.due_s,
    )
