"""Coefficients as parties exchange them: points, slots and shares in millionths."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import largest_remainder
from gridpact.base.slots import Slots
from gridpact.base.units import MICRO_PER_UNIT, Ints, checked_sum

POOL = ""
"""Stands for all producers together."""


class Coefficients(msgspec.Struct, frozen=True):
    """Shares of production: ``ppm`` int64 [producers, consumers, slots].

    ``producers`` and ``consumers`` are metering points; the only producer of a pooled key is
    :data:`POOL`.
    """

    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    slots: Slots
    ppm: Ints


def realised(received_wh: Ints, produced_wh: Ints) -> Ints:
    """Return the coefficients that an allocation comes to, for an operator who applies such.

    Parameters
    ----------
    received_wh : int64 [members, slots]
        At most what is produced, together.
    produced_wh : int64 [slots]
        What is there to share.

    Returns
    -------
    int64 [members, slots]
        Each within a millionth of received ÷ produced, zero where nothing is produced. Together
        exactly the whole where all is received.
    """
    left = produced_wh - checked_sum(received_wh, axis=0)
    whole = np.full(len(produced_wh), MICRO_PER_UNIT, np.int64)
    return largest_remainder(whole, np.concatenate([received_wh, left[None, :]]))[:-1]


def in_parts(weights: Ints, decimals: int) -> Ints:
    """Return coefficients [rows] of that many decimals, exactly the whole, pro rata to weights.

    The remainder goes by the largest remainders, the lower rows first: three equal members of six
    decimals have 333,334, 333,333 and 333,333 millionths. ValueError where all weights are zero,
    one is negative, or there are not 1 to 6 decimals.
    """
    if not 1 <= decimals <= 6 or not weights.any():
        raise ValueError("coefficients need a weight above zero and 1 to 6 decimals")
    parts = largest_remainder(np.array([10**decimals], dtype=np.int64), weights[:, None])[:, 0]
    return np.asarray(parts * 10 ** (6 - decimals), dtype=np.int64)
