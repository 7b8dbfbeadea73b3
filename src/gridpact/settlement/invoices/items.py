"""Lines of a run as invoice lines and totals of taxes."""

from __future__ import annotations

from typing import NamedTuple

from gridpact.base.rounding import round_half_even
from gridpact.base.units import Ints
from gridpact.settlement.invoices.document import (
    KILOWATT_HOUR,
    ONE,
    OUTSIDE,
    STANDARD,
    ZERO,
    Item,
    TaxTotal,
)
from gridpact.settlement.lines import Lines
from gridpact.settlement.periods.rules import Rules, Tax

_MILLI = 1000


class Block(NamedTuple):
    """Columns of some lines as lists, which are quicker than arrays to read one by one."""

    head: list[int]
    first_s: list[int]
    end_s: list[int]
    energy_wh: list[int]
    nano: list[int]
    minor: list[int]


class Items:
    """Invoice lines and taxes of the lines of a run."""

    def __init__(self, rules: Rules, lines: Lines) -> None:
        self._lines = lines
        self._taxes = {tax.name: tax for tax in rules.taxes}
        self._rates: dict[tuple[int, int, int], tuple[str, int]] = {}

    def block(self, rows: Ints) -> Block:
        """Return the columns of some lines."""
        return Block(*(getattr(self._lines, name)[rows].tolist() for name in Block._fields))

    def items(self, block: Block, first: int, end: int) -> tuple[Item, ...]:
        """Return the invoice lines of the lines from ``first`` until ``end`` of a block."""
        return tuple(self._item(block, row, row - first + 1) for row in range(first, end))

    def _item(self, block: Block, row: int, number: int) -> Item:
        head = self._lines.heads[block.head[row]]
        span = block.first_s[row], block.end_s[row]
        quantity, unit, price = priced(block.energy_wh[row], block.nano[row])
        category, ppm = self._rate(block.head[row], *span)
        return Item(
            number, head.name, head.energy, *span, quantity, unit, price,
            block.minor[row], category, ppm,
        )  # fmt: skip

    def _rate(self, head: int, first_s: int, end_s: int) -> tuple[str, int]:
        """Return category and rate of the tax on lines of a head and span."""
        known = self._rates.get((head, first_s, end_s))
        if known is None:
            name = next(iter(self._lines.heads[head].taxes), "")
            tax = self._taxes.get(name)
            ppm = 0 if tax is None else _ppm(tax, first_s, end_s)
            known = (OUTSIDE if tax is None else STANDARD if ppm else ZERO, ppm)
            self._rates[head, first_s, end_s] = known
        return known

    def totals(
        self, block: Block, items: tuple[Item, ...], first: int, end: int
    ) -> tuple[TaxTotal, ...]:
        """Return the tax of each category and rate; amounts are those that were booked.

        Lines of taxes are from ``first`` until ``end`` of the block.
        """
        heads = self._lines.heads
        booked = {heads[block.head[row]].rate_ppm: block.minor[row] for row in range(first, end)}
        bases: dict[tuple[str, int], int] = {}
        for item in items:
            key = item.category, item.rate_ppm
            bases[key] = bases.get(key, 0) + item.minor
        return tuple(
            TaxTotal(category, ppm, base, booked.get(ppm, 0))
            for (category, ppm), base in sorted(bases.items())
        )


def priced(energy_wh: int, nano: int) -> tuple[int, str, int]:
    """Return quantity [milli], unit and mean price [nano-¤] of an exact amount.

    The price is never negative: where money flows the other way, the quantity is.
    """
    quantity, unit = (energy_wh, KILOWATT_HOUR) if energy_wh else (_MILLI, ONE)
    sign = -1 if (quantity < 0) != (nano < 0) and nano else 1
    price = round_half_even(abs(nano) * _MILLI, abs(quantity))
    return (sign * abs(quantity) if nano else quantity), unit, price


def _ppm(tax: Tax, first_s: int, end_s: int) -> int:
    """Return the rate of a line, which was divided wherever rates change."""
    return next(
        rate.ppm for rate in tax.rates if rate.span.first_s <= first_s and end_s <= rate.span.end_s
    )
