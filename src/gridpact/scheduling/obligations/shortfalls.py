"""Payments on what a period's total falls short of: found in terms, period by period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Ints
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Sheet, segments
from gridpact.contracts.legs import Leg
from gridpact.contracts.observables import Const, Fold, Observable, Op
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.valuation.substitute import choices_in, factors_of
from gridpact.scheduling.obligations.model import Shortfall


class Pattern(NamedTuple):
    """``rate × max(agreed − total(actual, period), 0)``, in the parts of a leg's amount."""

    rate: Observable
    agreed: Observable
    actual: Observable
    period: str


def pattern_of(leg: Leg, label: str) -> Pattern:
    """Find the shortfall that a leg pays for; raise IllFormed where it looks otherwise at folds."""
    own = frozenset((label,))
    factors = factors_of(leg.amount)
    inside = [factor for factor in factors if choices_in(factor, own)]
    rest = [factor for factor in factors if not choices_in(factor, own)]
    if len(inside) == 1:
        match inside[0]:
            case Op("max", (Op("-", (agreed, Fold("total", period, actual))), Const(0))):
                if not choices_in(agreed, own):
                    return Pattern(_product(rest), agreed, actual, period)
    raise IllFormed(f"a payment looks at {label!r} over several slots, not as at a shortfall")


def _product(factors: Sequence[Observable]) -> Observable:
    product: Observable = Const(1, ONE)
    for factor in factors:
        product = product * factor
    return product


def shortfalls_of(
    pattern: Pattern, sign: int, sheets: tuple[Sheet, Sheet], given: Ints
) -> tuple[Shortfall, ...]:
    """Return the shortfalls of every period.

    ``sheets`` know the choice at its bounds; ``sign`` is 1 where the party pays. ``given``
    [2, slots] is what it moves, of which the same must count.

    Raises IllFormed where it would pay to fall short, or energy counts at another weight.
    """
    slots = sheets[0].slots
    rate = sign * _spread(sheets[0], pattern.rate)
    agreed = _spread(sheets[0], pattern.agreed)
    counted = np.stack([_spread(sheet, pattern.actual) for sheet in sheets])
    _check_weights(np.diff(counted, axis=0), np.diff(given, axis=0))
    if (rate < 0).any():
        raise IllFormed("the party would be paid for falling short: no bound can say so")
    found = []
    for part in segments(pattern.period, slots, sheets[0].cut_periods):
        first, end = part.start, part.stop
        found.append(
            Shortfall(first, end, counted[:, part], int(agreed[end - 1]), int(rate[end - 1]))
        )
    return tuple(found)


def _check_weights(counted: Ints, moved: Ints) -> None:
    """Refuse energy that counts more or less than it is."""
    if not (np.array_equal(counted, moved) or np.array_equal(counted, -moved)):
        raise IllFormed("a total counts other energy than the choice moves")


def _spread(sheet: Sheet, node: Observable) -> Ints:
    return np.array(np.broadcast_to(sheet.needed(node).low, sheet.slots.count))
