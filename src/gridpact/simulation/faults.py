"""What goes wrong in a simulated world: seeded, per slot, and the same on every run."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Bools, Floats


class Lost(msgspec.Struct, frozen=True):
    """A device out of reach from ``from_s`` to ``until_s`` [s of the local day] of every day."""

    asset: str
    from_s: int
    until_s: int


class Rates(msgspec.Struct, frozen=True):
    """How often things go wrong, as shares of 1, and how far devices are off.

    ``missing`` and ``late`` are per meter and slot; late readings come ``late_slots`` later.
    ``refusal`` is per asset and hour, and so is ``silent``, when it is out of reach: it hears and
    tells nothing, and does as it would alone. ``lost`` are assets that are so at some hours.
    ``drift`` is the standard deviation of the relative error.
    """

    missing: float
    late: float
    late_slots: int
    refusal: float
    drift: float
    silent: float = 0.0
    lost: tuple[Lost, ...] = ()


def meters(seed: int, slot: int, count: int, rates: Rates) -> tuple[Bools, Bools]:
    """Meters whose reading of a slot is lost, and those that send it late; shape [members]."""
    draw = stream(seed, "meter", slot).random(count)
    missing = draw < rates.missing
    return missing, ~missing & (draw < rates.missing + rates.late)


def refusals(seed: int, slot: int, count: int, rates: Rates) -> Bools:
    """Assets that do as they like; the same for all slots of an hour. Shape [assets]."""
    return stream(seed, "refusal", slot // 3600).random(count) < rates.refusal


def silences(seed: int, slot: int, count: int, rates: Rates) -> Bools:
    """Assets out of reach by chance; the same for all slots of an hour. Shape [assets]."""
    return stream(seed, "silence", slot // 3600).random(count) < rates.silent


def losses(ids: tuple[str, ...], second: int, rates: Rates) -> Bools:
    """Assets out of reach at a second of the local day, as stated. Shape [assets]."""
    gone = {each.asset for each in rates.lost if each.from_s <= second < each.until_s}
    return np.array([name in gone for name in ids], np.bool_)


def errors(seed: int, slot: int, count: int, rates: Rates) -> Floats:
    """Relative errors of set-points, shape [assets]; cut at three standard deviations."""
    drawn = stream(seed, "drift", slot).standard_normal(count)
    return np.clip(drawn, -3.0, 3.0) * rates.drift
