"""What under-delivery costs, by a named rule; money is whole nano-¤.

UFTP leaves the formula to the contract, so a rule is always named, with what may differ as fields.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv, round_half_even
from gridpact.base.units import MICRO_PER_UNIT, Ints
from gridpact.settlement.delivery.orders import HOUR, Delivered


class NoPenalty(msgspec.Struct, frozen=True, tag="none.v1", tag_field="rule"):
    """Under-delivery costs nothing."""


class ProRata(msgspec.Struct, frozen=True, tag="pro-rata.v1", tag_field="rule"):
    """The price is earned in proportion to energy delivered, of that ordered."""


class SlidingScale(msgspec.Struct, frozen=True, tag="sliding-scale.v1", tag_field="rule"):
    """Of the price nothing is earned up to ``floor_ppm`` delivered, all from ``full_ppm`` on.

    Between the two it grows along a straight line. The 50 to 100 percent are those of SSEN's
    TRANSITION trials; that the scale begins at nothing is this project's reading.
    """

    floor_ppm: int = 500_000
    full_ppm: int = 1_000_000


class PerKwh(msgspec.Struct, frozen=True, tag="per-kwh.v1", tag_field="rule"):
    """A price in µ¤ for each kWh that lacks beyond a tolerance, at most the order's price.

    The tolerance is ``tolerance_ppm`` of what was ordered in each slot. Without ``capped`` a
    penalty may exceed the price.
    """

    price_micro: int
    tolerance_ppm: int = 0
    capped: bool = True


Penalty: TypeAlias = NoPenalty | ProRata | SlidingScale | PerKwh

PENALTIES: dict[str, type[Penalty]] = {
    str(kind.__struct_config__.tag): kind for kind in (NoPenalty, ProRata, SlidingScale, PerKwh)
}


def penalty_nano(rule: Penalty, delivered: Delivered) -> int:
    """Penalty of one order, rounded once, half to even; never negative.

    Raises ValueError for an order of which nothing can be told, and for a scale that does not rise.
    """
    if delivered.reason:
        raise ValueError(f"order {delivered.order.reference}: {delivered.reason}")
    price = delivered.order.price_nano
    ordered = int(np.abs(delivered.ordered_w).sum())
    lacking = int(delivered.deficiency_w.sum())
    match rule:
        case NoPenalty():
            return 0
        case ProRata():
            return round_half_even(price * lacking, ordered) if ordered else 0
        case SlidingScale():
            return _on_scale(rule, price, ordered, ordered - lacking)
        case PerKwh():
            due = _per_kwh(rule, delivered)
            return min(due, price) if rule.capped else due


def delivery_ppm(deliveries: list[Delivered]) -> int | None:
    """Share of ordered energy that was delivered, in millionths; None where none was ordered."""
    told = [each for each in deliveries if not each.reason]
    ordered = sum(int(np.abs(each.ordered_w).sum()) * each.order.slots.step for each in told)
    given = sum(int(np.abs(each.delivered_w).sum()) * each.order.slots.step for each in told)
    return round_half_even(given * MICRO_PER_UNIT, ordered) if ordered else None


def _on_scale(rule: SlidingScale, price: int, ordered: int, given: int) -> int:
    span = rule.full_ppm - rule.floor_ppm
    if span <= 0:
        raise ValueError("a scale rises from floor_ppm to a greater full_ppm")
    if not ordered:
        return 0
    earned = given * MICRO_PER_UNIT - ordered * rule.floor_ppm
    earned = min(max(earned, 0), span * ordered)
    return round_half_even(price * (span * ordered - earned), span * ordered)


def _per_kwh(rule: PerKwh, delivered: Delivered) -> int:
    tolerance, whole = np.array([rule.tolerance_ppm, MICRO_PER_UNIT], dtype=np.int64)
    allowed: Ints = muldiv(np.abs(delivered.ordered_w), tolerance, whole)
    beyond = int(np.maximum(delivered.deficiency_w - allowed, 0).sum())
    return round_half_even(beyond * delivered.order.slots.step * rule.price_micro, HOUR)
