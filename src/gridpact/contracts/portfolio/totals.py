"""Sums of a portfolio's cash flows over the slots, and what each party pays in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX, Ints
from gridpact.contracts.cashflows import Flow
from gridpact.contracts.portfolio.evaluation import Part


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """One entry a contract and cash flow, in the order of contracts and of their terms.

    ``rows`` [n] are contracts' numbers; ``payer`` and ``payee`` [n] index ``parties``; ``label``
    [n] indexes ``labels``, pairs of currency and kind; ``amount`` [n] is int64 nano-¤.
    """

    rows: Ints
    payer: Ints
    payee: Ints
    label: Ints
    amount: Ints
    parties: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]

    def of(self, contract: int) -> dict[Flow, int]:
        """Return the sums of one contract by payer, payee, currency and kind."""
        first, last = np.searchsorted(self.rows, [contract, contract + 1]).tolist()
        found: dict[Flow, int] = {}
        for at in range(first, last):
            payer, payee = self.parties[self.payer[at]], self.parties[self.payee[at]]
            found[payer, payee, *self.labels[self.label[at]]] = int(self.amount[at])
        return found

    def net(self) -> dict[tuple[str, str], int]:
        """Return what each party pays less what it receives, by party and currency [nano-¤].

        In order of party and currency; sums to zero by currency. Raises NumberOverflow where a
        position does not fit 64 bits.
        """
        currencies = sorted({currency for currency, _ in self.labels})
        number = [currencies.index(currency) for currency, _ in self.labels]
        currency = np.array(number, dtype=np.int64)[self.label]
        wide = len(currencies)
        # halves of 32 bits, so that no partial sum can wrap
        halves = [np.zeros(len(self.parties) * wide, dtype=np.int64) for _ in range(2)]
        for half, values in zip(
            halves, (self.amount >> 32, self.amount & 0xFFFF_FFFF), strict=True
        ):
            np.add.at(half, self.payer * wide + currency, values)
            np.subtract.at(half, self.payee * wide + currency, values)
        high, low = (half.tolist() for half in halves)
        positions = [(a << 32) + b for a, b in zip(high, low, strict=True)]
        if any(abs(position) > INT64_MAX for position in positions):
            raise NumberOverflow("a net position does not fit 64 bits")
        touched = set(np.concatenate([self.payer, self.payee]) * wide + np.tile(currency, 2))
        return dict(
            sorted(
                ((self.parties[at // wide], currencies[at % wide]), positions[at])
                for at in map(int, touched)
            )
        )


@dataclass(slots=True)
class TotalsMade:
    """Gathers the sums of parts of a portfolio."""

    count: int
    _columns: list[tuple[Ints, Ints, Ints, Ints, Ints]] = field(default_factory=list)
    _labels: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        """Add one part's sums over the slots."""
        group, flow = part.group, part.flow
        rows = group.rows[part.where]
        label = self._labels.setdefault((flow.currency, flow.kind), len(self._labels))
        sums = np.array(np.broadcast_to(part.sums(self.count), len(rows)))
        self._columns.append(
            (
                rows,
                group.parties[flow.payer][part.where],
                group.parties[flow.payee][part.where],
                np.full(len(rows), label, dtype=np.int64),
                sums,
            )
        )

    def totals(self, parties: Sequence[str]) -> Totals:
        """Return what was gathered, ordered by contract."""
        empty = np.zeros(0, dtype=np.int64)
        columns = [np.concatenate([empty, *found]) for found in zip(*self._columns, strict=True)]
        rows, payer, payee, label, amount = columns or [empty] * 5
        order = np.argsort(rows, kind="stable")  # parts of one contract come in its terms' order
        labels = tuple(self._labels)
        return Totals(
            rows[order],
            payer[order],
            payee[order],
            label[order],
            amount[order],
            tuple(parties),
            labels,
        )
