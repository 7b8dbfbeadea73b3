"""Postings: legs of all transfers as columns, from settled lines and from what people did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.settlement.accounts.chart import Chart, of_tax
from gridpact.settlement.accounts.transfers import Transfer
from gridpact.settlement.lines import Head, Lines

COLUMNS = ("account", "currency", "source", "transfer", "minor", "value_s", "known_s")


class Postings(msgspec.Struct, frozen=True):
    """Legs as columns, each int64 [legs].

    ``account``, ``currency`` and ``source`` are rows of ``accounts``, ``currencies`` and
    ``sources``; a source tells what a leg is from, such as ``run 1 supply.supply``. Legs of one
    ``transfer`` sum to zero in each currency. ``minor`` is positive for a debit; ``value_s`` is
    from when a leg counts, ``known_s`` when it was booked [s since the epoch].
    """

    accounts: tuple[str, ...]
    currencies: tuple[str, ...]
    sources: tuple[str, ...]
    account: Ints
    currency: Ints
    source: Ints
    transfer: Ints
    minor: Ints
    value_s: Ints
    known_s: Ints

    def __len__(self) -> int:
        return len(self.account)

    def where(self, which: Bools | Ints) -> Postings:
        """Return some of the legs, in the order asked for."""
        columns = {name: getattr(self, name)[which] for name in COLUMNS}
        return msgspec.structs.replace(self, **columns)

    def at(self, value_s: int | None = None, known_s: int | None = None) -> Postings:
        """Return the legs that counted at an instant, as they were known at another.

        Both bounds are inclusive; None bounds nothing.
        """
        there = np.ones(len(self), np.bool_)
        if value_s is not None:
            there &= self.value_s <= value_s
        if known_s is not None:
            there &= self.known_s <= known_s
        return self.where(there)


def posted_lines(lines: Lines, chart: Chart, run: str, value_s: int, known_s: int) -> Postings:
    """Return the postings of settled lines: each line debits its payer and credits its payee.

    A line whose amount is negative, such as one of a correction, does the opposite. Lines that
    move nothing have no postings. ``run`` names them.
    """
    names = _Names(chart, lines)
    parts = [_of_head(lines, row, names.sides(head)) for row, head in enumerate(lines.heads)]
    currencies = tuple(sorted({head.currency for head in lines.heads}))
    rows = [currencies.index(head.currency) for head in lines.heads]
    columns = [np.concatenate(each) for each in zip(*parts, strict=True)] if parts else _none(4)
    account, source, transfer, minor = columns
    order = np.argsort(transfer, kind="stable")
    used, account = np.unique(account, return_inverse=True)
    same = np.ones(len(order), np.int64)
    return Postings(
        tuple(names.names[number] for number in used.tolist()),
        currencies,
        tuple(f"{run} {head.name}" for head in lines.heads),
        account[order],
        np.array(rows, np.int64)[source[order]] if rows else source,
        source[order],
        transfer[order],
        minor[order],
        value_s * same,
        known_s * same,
    )


class _Names:
    """Accounts by number; those of owners are looked up once for all heads."""

    def __init__(self, chart: Chart, lines: Lines) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._chart, self._lines = chart, lines
        self._owners: Ints | None = None

    def sides(self, head: Head) -> tuple[Ints, Ints]:
        """Return the accounts that owners' lines of a head debit and credit, each [owners]."""
        credit = self._side(head.payee)
        if head.category == "tax":
            used, at = np.unique(credit, return_inverse=True)
            names = [of_tax(self.names[number], head) for number in used.tolist()]
            credit = self._all(names)[at]
        return self._side(head.payer), credit

    def _side(self, party: str) -> Ints:
        roles, owners = self._chart.roles, self._lines.owners
        if party in roles:
            return np.full(len(owners), self._number(self._chart.current(party)))
        if self._owners is None:
            current = (self._chart.current(name) if name in roles else "" for name in owners)
            self._owners = self._all(current)
        return self._owners

    def _all(self, names: Iterable[str]) -> Ints:
        return np.array([self._number(name) for name in names], np.int64)

    def _number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number


def _of_head(lines: Lines, row: int, sides: tuple[Ints, Ints]) -> tuple[Ints, ...]:
    """Return accounts, sources, transfers and amounts of the legs of one head's lines."""
    mine = np.flatnonzero((lines.head == row) & (lines.minor != 0))
    account = np.concatenate([side[lines.owner[mine]] for side in sides])
    minor, twice = lines.minor[mine], np.concatenate([mine, mine])
    return account, np.full(len(twice), row), twice, np.concatenate([minor, -minor])


def posted(transfers: Sequence[tuple[Transfer, int]]) -> Postings:
    """Return the postings of transfers, each with when it was booked [s since the epoch]."""
    legs = [
        (row, leg, transfer.value_s, known_s)
        for row, (transfer, known_s) in enumerate(transfers)
        for leg in transfer.legs
    ]
    accounts = {leg.account: 0 for _, leg, _, _ in legs}
    currencies = {leg.currency: 0 for _, leg, _, _ in legs}
    for names in (accounts, currencies):
        names.update({name: row for row, name in enumerate(names)})
    rows = [
        (accounts[leg.account], currencies[leg.currency], row, row, leg.minor, value_s, known_s)
        for row, leg, value_s, known_s in legs
    ]
    columns = np.array(rows, np.int64).reshape(-1, len(COLUMNS)).T
    sources = tuple(f"{each.kind} {each.id}" for each, _ in transfers)
    return Postings(tuple(accounts), tuple(currencies), sources, *columns)


def together(parts: Sequence[Postings]) -> Postings:
    """Put postings together; transfers of different parts stay different."""
    accounts = tuple(sorted({name for part in parts for name in part.accounts}))
    currencies = tuple(sorted({name for part in parts for name in part.currencies}))
    place = {name: row for row, name in enumerate(accounts)}
    units = {name: row for row, name in enumerate(currencies)}
    sources: list[str] = []
    moved, after = [], 0
    for part in parts:
        account = np.array([place[name] for name in part.accounts], np.int64)[part.account]
        currency = np.array([units[name] for name in part.currencies], np.int64)[part.currency]
        source, transfer = part.source + len(sources), part.transfer + after
        moved.append((account, currency, source, transfer, part.minor, part.value_s, part.known_s))
        after += int(part.transfer.max(initial=-1)) + 1
        sources += part.sources
    columns = [np.concatenate(each) for each in zip(*moved, strict=True)] or _none(len(COLUMNS))
    return Postings(accounts, currencies, tuple(sources), *columns)


def _none(count: int) -> list[Ints]:
    return [np.zeros(0, np.int64)] * count
