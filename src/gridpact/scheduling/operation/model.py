"""What rolling operation remembers between messages."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.messages import Cause


class Operation(msgspec.Struct, frozen=True):
    """What was last heard of each asset, and what calls for another schedule, shape [assets].

    ``seen_at`` is the end of the last slot of which something was heard [s since the epoch].
    ``refusing`` did not follow their last set-point, and ``there`` were connected. ``early`` came
    before their owner's time and are still there before it; ``missing`` are not there though their
    owner said so. ``stale`` were not heard of for longer than is trusted.
    """

    seen_at: Ints
    refusing: Bools
    there: Bools
    early: Bools
    missing: Bools
    stale: Bools
    causes: tuple[Cause, ...] = ()

    @property
    def untrusted(self) -> Bools:
        """Assets that may do otherwise than they are told [assets]."""
        return self.refusing | self.stale


def resting(assets: int) -> Operation:
    """Return the operation of a run that has not begun."""
    none = np.zeros(assets, np.bool_)
    return Operation(np.zeros(assets, np.int64), none, ~none, none, none, none)
