"""Lines: what everybody owes for a period, exact in nano-¤ and rounded once to minor units.

A line is one kind of cash flow of one clause, for one owner (a member, or a balance group), over
one span. Lines are columns: row *i* of each array is one line. They carry no names of people,
only identifiers of the rules, so that they can be hashed, kept and shown to an auditor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import Bools, Floats, Ints, checked_sum

MEMBER = "member"
"""Stands for a line's owner where a head says who pays whom."""
COLUMNS = ("head", "owner", "first_s", "end_s", "energy_wh", "nano", "minor")
KEY = COLUMNS[:4]
_SAFE = 2.0**62  # floats below are of whole numbers below 2⁶³, whatever was lost in adding them
CATEGORIES = (
    *("energy", "sharing", "trade", "feed-in", "network", "levy", "fee"),
    *("imbalance", "flexibility", "certificate", "other", "tax"),
)


class Head(msgspec.Struct, frozen=True, order=True):
    """What lines are about.

    ``clause`` is its name in the rules, ``kind`` that of the cash flow in its contract. ``payer``
    and ``payee`` are parties of the rules, or :data:`MEMBER` for the line's owner. ``energy``
    names the series that the line's energy counts, ``""`` where the line counts none. ``taxes``
    are those that the line is part of the base of. A tax's own line has the category ``tax``, the
    tax's name as its clause and its rate in ``rate_ppm``.
    """

    clause: str
    kind: str
    category: str
    payer: str
    payee: str
    currency: str
    energy: str = ""
    taxes: tuple[str, ...] = ()
    rate_ppm: int = 0

    @property
    def name(self) -> str:
        """Clause and kind, such as ``supply.energy``."""
        return f"{self.clause}.{self.kind}"


class Lines(msgspec.Struct, frozen=True):
    """Lines as columns, all int64 [lines].

    ``head`` and ``owner`` are rows of ``heads`` and ``owners``; ``first_s`` and ``end_s`` [s since
    the epoch] bound the span. ``energy_wh`` is the energy behind a line, ``nano`` its exact amount
    from payer to payee and ``minor`` the amount rounded once [minor units]; negative amounts flow
    the other way. Both sides of a line carry the same ``minor``.
    """

    heads: tuple[Head, ...]
    owners: tuple[str, ...]
    head: Ints
    owner: Ints
    first_s: Ints
    end_s: Ints
    energy_wh: Ints
    nano: Ints
    minor: Ints

    def __len__(self) -> int:
        return len(self.head)

    def where(self, which: Bools | Ints) -> Lines:
        """Return some of the lines, in the order asked for."""
        return msgspec.structs.replace(
            self, **{name: getattr(self, name)[which] for name in COLUMNS}
        )

    def of(self, owner: str) -> Lines:
        """Return the lines of one owner; none for one who is unknown."""
        row = self.owners.index(owner) if owner in self.owners else -1
        return self.where(self.owner == row)

    def payer(self, line: int) -> str:
        """Who pays a line: an owner or a party."""
        return self._named(self.heads[self.head[line]].payer, line)

    def payee(self, line: int) -> str:
        """Who receives a line: an owner or a party."""
        return self._named(self.heads[self.head[line]].payee, line)

    def _named(self, party: str, line: int) -> str:
        return self.owners[self.owner[line]] if party == MEMBER else party


def no_lines(owners: Sequence[str] = ()) -> Lines:
    """Return no lines at all."""
    none = np.zeros(0, np.int64)
    return Lines((), tuple(owners), *([none] * len(COLUMNS)))


def joined(parts: Sequence[Lines]) -> Lines:
    """Put lines together in the one order that lines have; those of one key are added up.

    The key is head, owner and span. The order is by owner, head and span, and heads and owners
    without a line are left out, so that neither how lines came about nor how they were cut can be
    seen in the result. Raises :class:`~gridpact.base.errors.NumberOverflow` where a sum does not
    fit.
    """
    heads = tuple(sorted({part.heads[row] for part in parts for row in _used(part.head)}))
    owners, rows = _owners(parts)
    if not parts:
        return no_lines()
    columns = {name: _column(name, parts, heads, rows) for name in KEY}
    order = np.lexsort([columns[name] for name in ("end_s", "first_s", "head", "owner")])
    for name in COLUMNS:  # one after the other, so that few copies are alive
        column = columns.pop(name) if name in KEY else _column(name, parts, heads, rows)
        columns[name] = column[order]
        del column
    return _merged(Lines(heads, owners, **columns))


def _column(
    name: str, parts: Sequence[Lines], heads: tuple[Head, ...], rows: Sequence[Ints]
) -> Ints:
    """Return a column of all parts, in terms of common heads and of owners at ``rows``."""
    if name == "owner":
        return np.concatenate([at[part.owner] for part, at in zip(parts, rows, strict=True)])
    if name != "head":
        return np.concatenate([getattr(part, name) for part in parts])
    place = {head: row for row, head in enumerate(heads)}
    at = [np.array([place.get(head, -1) for head in part.heads], np.int64) for part in parts]
    return np.concatenate([row[part.head] for part, row in zip(parts, at, strict=True)])


def _used(rows: Ints) -> list[int]:
    found: list[int] = np.unique(rows).tolist()
    return found


def _owners(parts: Sequence[Lines]) -> tuple[tuple[str, ...], list[Ints]]:
    """Return all owners that have lines, in order, and the row of each part's owners among them."""
    used: dict[int, Bools] = {}
    for part in parts:  # those that were made together have one list of owners
        mine = used.setdefault(id(part.owners), np.zeros(len(part.owners), np.bool_))
        mine[part.owner] = True
    lists = {id(part.owners): part.owners for part in parts}
    names = {key: [lists[key][row] for row in np.flatnonzero(mine)] for key, mine in used.items()}
    owners = tuple(sorted({name for some in names.values() for name in some}))
    place = {name: row for row, name in enumerate(owners)}
    rows = {}
    for key, mine in used.items():
        rows[key] = np.full(len(mine), -1, np.int64)
        rows[key][mine] = [place[name] for name in names[key]]
    return owners, [rows[id(part.owners)] for part in parts]


def _merged(lines: Lines) -> Lines:
    """Add up lines of one key, which follow each other."""
    new = np.ones(len(lines), np.bool_)
    new[1:] = np.any([np.diff(getattr(lines, name)) != 0 for name in KEY], axis=0)
    if new.all():
        return lines
    first = np.flatnonzero(new)
    sums = {name: added_up(getattr(lines, name), first) for name in COLUMNS[4:]}
    return msgspec.structs.replace(lines.where(first), **sums)


def added_up(values: Ints, first: Ints) -> Ints:
    """Add up runs of values that begin at places ``first``; raises NumberOverflow."""
    _check(np.add.reduceat(np.abs(values.astype(np.float64)), first))
    return np.asarray(np.add.reduceat(values, first), dtype=np.int64)


def _check(sizes: Floats) -> None:
    """Refuse sums whose terms' sizes add up to what int64 may not hold."""
    if sizes.max(initial=0.0) >= _SAFE:
        raise NumberOverflow("a sum of lines does not fit 64 bits")


def minor_by_owner(parts: Sequence[Lines]) -> tuple[tuple[str, ...], Ints]:
    """Return all owners that have lines, in order, and what these add up to [minor units].

    Raises :class:`~gridpact.base.errors.NumberOverflow` where a sum does not fit.
    """
    owners, rows = _owners(parts)
    if not owners:
        return owners, np.zeros(0, np.int64)
    owner, minor = (_column(name, parts, (), rows) for name in ("owner", "minor"))
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], np.arange(len(owners)))
    return owners, added_up(minor[order], first)


def negated(lines: Lines) -> Lines:
    """Return lines whose amounts and energy are taken back."""
    return msgspec.structs.replace(lines, **{name: -getattr(lines, name) for name in COLUMNS[4:]})


def nonzero(lines: Lines) -> Lines:
    """Return the lines that say something: energy, an exact or a rounded amount."""
    said = (lines.energy_wh != 0) | (lines.nano != 0) | (lines.minor != 0)
    return lines if said.all() else joined([lines.where(said)])


def received(lines: Lines, *, exact: bool = False) -> dict[str, dict[str, int]]:
    """Return what everybody receives in sum: ``{currency: {party or owner: amount}}``.

    Amounts are minor units, or nano-¤ where ``exact``; who pays more than it receives has a
    negative one. Every currency sums to zero. Raises
    :class:`~gridpact.base.errors.NumberOverflow` where a sum does not fit.
    """
    amounts = lines.nano if exact else lines.minor
    found: dict[str, dict[str, int]] = {}
    sums: dict[str, Ints] = {}
    for row, head in enumerate(lines.heads):
        mine = lines.head == row
        if not mine.any():
            continue
        table = found.setdefault(head.currency, {})
        total = sums.setdefault(head.currency, np.zeros(len(lines.owners), np.int64))
        for party, sign in ((head.payer, -1), (head.payee, 1)):
            if party == MEMBER:
                _add_owners(total, lines.owner[mine], sign * amounts[mine])
            else:
                table[party] = table.get(party, 0) + sign * int(checked_sum(amounts[mine]))
    for currency, total in sums.items():
        of_members = [MEMBER in (h.payer, h.payee) and h.currency == currency for h in lines.heads]
        table = found[currency]
        for row in _used(lines.owner[np.isin(lines.head, np.flatnonzero(of_members))]):
            name = lines.owners[row]
            table[name] = table.get(name, 0) + int(total[row])
    return found


def _add_owners(total: Ints, owner: Ints, amount: Ints) -> None:
    """Add amounts to those of their owners; checked."""
    sizes = np.bincount(owner, np.abs(amount.astype(np.float64)), len(total))
    _check(sizes.astype(np.float64) + np.abs(total.astype(np.float64)))
    np.add.at(total, owner, amount)


def digest(lines: Lines) -> str:
    """Return the SHA-256 of lines in their order, as hexadecimal digits.

    It covers heads, owners and every column as little-endian int64. Lines that :func:`joined`
    put in order have one digest, however they were computed.
    """
    found = hashlib.sha256(msgspec.json.encode((lines.heads, lines.owners)))
    for name in COLUMNS:
        found.update(np.ascontiguousarray(getattr(lines, name), dtype="<i8").data)
    return found.hexdigest()
