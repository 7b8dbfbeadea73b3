"""Lines of a run put together to documents: one for each pair of parties and each tax.

What is outside of any tax has a document of its own, for EN 16931 lets such an invoice hold
nothing else (BR-O-11). A party that pays a member bills itself in the member's name (code 389), so
that an invoice never mixes what is bought with what is sold.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Ints
from gridpact.settlement.invoices.document import INVOICE, SELF_BILLED, Document, Key
from gridpact.settlement.invoices.items import Items
from gridpact.settlement.invoices.on_demand import OnDemand
from gridpact.settlement.lines import MEMBER, Head, Lines
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.run import Run

_BLOCK = 1 << 13
"""Documents that are made at a time when all of them are."""


class Kind(NamedTuple):
    """What documents of many owners have in common; :data:`MEMBER` stands for the owner."""

    seller: str
    buyer: str
    currency: str
    tax: str


class Drafts(OnDemand):
    """What is to be invoiced for the lines of a run, without numbers, in order of key.

    Documents are made when they are asked for; of all of them only columns are kept: ``kind`` and
    ``owner`` [documents] are places in ``kinds`` and in the owners of the lines.
    """

    def __init__(self, rules: Rules, run: Run, lines: Lines) -> None:
        self._run, self._lines = run, lines
        self._items = Items(rules, lines)
        self.kinds, of_head = kinds_of(lines.heads)
        self.codes = codes_of(self.kinds, {member.id for member in rules.members})
        self._order, self._first, self._taxes, self._end = _grouped(lines, self.kinds, of_head)
        begin = self._order[self._first]
        self.kind, self.owner = of_head[lines.head[begin]], lines.owner[begin]

    def __len__(self) -> int:
        return len(self._first)

    def _made(self, place: int) -> Document:
        return next(self._block(place, place + 1))

    def __iter__(self) -> Iterator[Document]:
        for first in range(0, len(self), _BLOCK):
            yield from self._block(first, min(first + _BLOCK, len(self)))

    def of(self, owner: str) -> range:
        """Return the places of an owner's documents."""
        row = bisect_left(self._lines.owners, owner)
        if self._lines.owners[row : row + 1] != (owner,):
            return range(0)
        return range(*np.searchsorted(self.owner, (row, row + 1)).tolist())

    def row(self, place: int, item: int) -> int:
        """Return the line of the run that an item of a document states, both by their ``id``."""
        return int(self._order[self._first[place] + item - 1])

    def _block(self, first: int, last: int) -> Iterator[Document]:
        """Make the documents of some places."""
        begin = int(self._first[first])
        block = self._items.block(self._order[begin : self._end[last - 1]])
        columns = (self._first, self._taxes, self._end, self.kind, self.owner)
        for start, taxes, end, kind, owner in zip(
            *(each[first:last].tolist() for each in columns), strict=True
        ):
            name = self._lines.owners[owner]
            items = self._items.items(block, start - begin, taxes - begin)
            yield Document(
                code=self.codes[kind],
                **_key(self.kinds[kind], name)._asdict(),
                period=self._run.period,
                first_s=self._run.first_s,
                end_s=self._run.end_s,
                items=items,
                taxes=self._items.totals(block, items, taxes - begin, end - begin),
                run=self._run.number,
            )


def drafts(rules: Rules, run: Run, lines: Lines) -> Drafts:
    """Return what is to be invoiced for the lines of a run.

    Lines must be all of the run in their order (:func:`~gridpact.settlement.lines.joined`), not
    only those that it booked. A document whose lines all round to nothing is left out.

    Raises
    ------
    BadInput
        A line has two taxes, or a tax has the same rate twice within the period, of which an
        invoice of EN 16931 can state only one.
    """
    _check(rules, lines)
    return Drafts(rules, run, lines)


def kinds_of(heads: Sequence[Head]) -> tuple[list[Kind], Ints]:
    """Return the kinds of documents that lines of some heads are on, and that of each head."""
    found: dict[Kind, int] = {}
    places = []
    for head in heads:
        tax = head.clause if head.category == "tax" else next(iter(head.taxes), "")
        kind = Kind(head.payee, head.payer, head.currency, tax)
        places.append(found.setdefault(kind, len(found)))
    return list(found), np.array(places, np.int64)


def codes_of(kinds: Sequence[Kind], members: Container[str]) -> list[int]:
    """Return what documents of each kind are (BT-3): who pays a member bills itself."""
    return [
        SELF_BILLED if kind.seller == MEMBER or kind.seller in members else INVOICE
        for kind in kinds
    ]


def issuers_of(kinds: Sequence[Kind], codes: Sequence[int]) -> list[str]:
    """Return who issues documents of each kind."""
    return [
        kind.buyer if code == SELF_BILLED else kind.seller
        for kind, code in zip(kinds, codes, strict=True)
    ]


def _key(kind: Kind, owner: str) -> Key:
    seller, buyer = (owner if side == MEMBER else side for side in (kind.seller, kind.buyer))
    return Key(owner, seller, buyer, kind.currency, kind.tax)


def _grouped(lines: Lines, kinds: list[Kind], of_head: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return lines in order of documents, and where each has its lines, its taxes and its end."""
    is_tax = np.array([head.category == "tax" for head in lines.heads], np.bool_)
    ranks, group = _ranks(lines.owners, kinds)
    place = lines.owner * max(len(kinds), 1)
    place += ranks[group[lines.owner], of_head[lines.head]]
    order = np.argsort(2 * place + is_tax[lines.head], kind="stable")
    place, taxed = place[order], is_tax[lines.head[order]]
    first = np.flatnonzero(np.diff(place, prepend=-1))
    end = np.append(first[1:], len(place))[: len(first)]
    taxes = end - np.add.reduceat(taxed.astype(np.int64), first) if len(first) else end
    said = (lines.minor[order] != 0) & ~taxed
    kept = np.logical_or.reduceat(said, first) if len(first) else np.zeros(0, np.bool_)
    return order, first[kept], taxes[kept], end[kept]


def _ranks(owners: Sequence[str], kinds: list[Kind]) -> tuple[Ints, Ints]:
    """Return how kinds are ordered for groups of owners [groups, kinds], and each owner's group.

    Keys are ordered by name, so that the order of an owner's documents depends on where its own
    name comes among those of the parties.
    """
    names = sorted({name for kind in kinds for name in kind[:2]} - {MEMBER})
    edges = [cut(owners, name) for name in names for cut in (bisect_left, bisect_right)]
    group = np.searchsorted(np.array(edges, np.int64), np.arange(len(owners)), side="right")
    ranks = np.zeros((len(edges) + 1, len(kinds)), np.int64)
    for number in np.unique(group).tolist():
        owner = owners[int(np.argmax(group == number))]
        keys = [_key(kind, owner) for kind in kinds]
        order = {key: rank for rank, key in enumerate(sorted({*keys}))}
        ranks[number] = [order[key] for key in keys]
    return ranks, group


def _check(rules: Rules, lines: Lines) -> None:
    """Refuse what an invoice cannot state."""
    faults = []
    for head in lines.heads:
        if len(head.taxes) > 1:
            problem = f"{head.name} has {len(head.taxes)} taxes, and an invoice line states one"
            fix = "write the other as a contract of category levy"
            faults.append(Fault(rules.name, 0, "taxes", problem, fix))
    for row, head in enumerate(lines.heads):
        if head.category == "tax" and len(np.unique(lines.first_s[lines.head == row])) > 1:
            problem = f"{head.clause} has the rate of {head.rate_ppm / 10_000:g} % twice"
            fix = "write equal rates that follow each other as one, or settle the days apart"
            faults.append(Fault(rules.name, 0, "taxes", problem, fix))
    if faults:
        raise BadInput(faults)
