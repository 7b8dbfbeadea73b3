"""What a method has to work with: one channel, what of it is known, and what is to be filled."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Quality


class Gaps(msgspec.Struct, frozen=True):
    """One channel [slots]: its Wh, which slots are ``open`` (to be filled), which are measured.

    ``shaped`` are open slots whose own values are still good as a shape.
    """

    slots: Slots
    wh: Ints
    open: Bools
    measured: Bools
    shaped: Bools


class Filled(msgspec.Struct, frozen=True):
    """Slots [slots] that a method has a value for, and the values, 0 elsewhere."""

    slots: Bools
    wh: Ints


def is_open(quality: np.ndarray) -> Bools:
    """Tell which marks ask for an estimate: nothing known, or what is known is doubtful."""
    return np.asarray((quality == np.int8(Quality.MISSING)) | (quality == np.int8(Quality.SUSPECT)))
