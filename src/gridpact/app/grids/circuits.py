"""Lines and transformers as their makers describe them, as branches of a network.

A transformer's circuit follows from its short-circuit and no-load tests (IEC 60076-1): with the
rated impedance ``Z = U² ÷ S`` of its low side the series impedance is ``u_k·Z``, its resistance
``P_k ÷ S · Z``, and the iron takes ``P_0 ÷ U²``.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from gridpact.app.grids.quantities import Quantity
from gridpact.market.grid.network import Branch


class Ends(NamedTuple):
    """A branch's name, its ends, and the rated voltage of its target [V]."""

    id: str
    source: str
    target: str
    voltage_v: int


class Line(NamedTuple):
    """A line or cable: Ω or Ω/km, S or S/km, and the length [m] that they are multiplied by."""

    reactance: Quantity
    resistance: Quantity
    susceptance: Quantity
    length_m: Fraction
    rating: Quantity | None


class Transformer(NamedTuple):
    """A transformer: rated power [VA], short-circuit voltage, losses [W], ratio by its tap."""

    rating_va: Fraction
    short_circuit: Fraction
    load_loss_w: Fraction
    no_load_loss_w: Fraction
    ratio: Fraction


def line(ends: Ends, found: Line) -> Branch:
    """Put a line into a branch; a rating in A counts at the rated voltage, √3·U·I."""
    values = [
        float(each.value * found.length_m / 1_000 if each.per_km else each.value)
        for each in (found.reactance, found.resistance, found.susceptance)
    ]
    reactance, resistance, susceptance = values
    return Branch(
        ends.id,
        ends.source,
        ends.target,
        reactance,
        resistance,
        None if found.rating is None else _rated_va(found.rating, ends.voltage_v),
        susceptance_s=susceptance,
    )


def transformer(ends: Ends, found: Transformer) -> Branch:
    """Put a transformer into a branch, from its high to its low side."""
    square = Fraction(ends.voltage_v) ** 2
    ohm = square / found.rating_va
    whole = float(found.short_circuit * ohm)
    resistance = float(found.load_loss_w / found.rating_va * ohm)
    return Branch(
        ends.id,
        ends.source,
        ends.target,
        math.sqrt(max(0.0, whole**2 - resistance**2)),
        resistance,
        math.floor(found.rating_va),
        float(found.no_load_loss_w / square),
        ratio=float(found.ratio),
    )


def _rated_va(rating: Quantity, voltage_v: int) -> int:
    """Whole VA of a rating, rounded down."""
    if not rating.in_amperes:
        return math.floor(rating.value)
    # exact: the root of the whole part of 3·U²·I², where a float could round a whole VA off
    return math.isqrt(math.floor(3 * (voltage_v * rating.value) ** 2))
