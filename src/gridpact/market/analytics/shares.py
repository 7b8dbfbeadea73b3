"""Shares kept as what they are made of, so that they add up and nothing is rounded twice."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv, round_half_even
from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints, checked_sum


class Share(msgspec.Struct, frozen=True):
    """``part`` of ``whole``, two int64 columns of one shape and unit; neither is negative.

    Where the whole is 0 there is no share: it is not known, which is not the same as 0.
    """

    part: Ints
    whole: Ints

    @property
    def known(self) -> Bools:
        """Where there is a whole to have a share of."""
        return np.asarray(self.whole > 0, dtype=np.bool_)

    @property
    def ppm(self) -> Ints:
        """The share in millionths, rounded half to even; filler 0 where it is not ``known``."""
        return muldiv(self.part, np.array(MICRO_PER_UNIT), np.maximum(self.whole, 1))

    @property
    def total_ppm(self) -> int | None:
        """Share of all rows together [ppm], None where there is nothing.

        Raises :class:`~gridpact.base.errors.NumberOverflow` where a sum does not fit 64 bits.
        """
        return share_ppm(int(checked_sum(self.part)), int(checked_sum(self.whole)))


def share_ppm(part: int, whole: int) -> int | None:
    """``part`` ÷ ``whole`` in millionths, rounded half to even; None where there is no whole."""
    return round_half_even(part * MICRO_PER_UNIT, whole) if whole else None
