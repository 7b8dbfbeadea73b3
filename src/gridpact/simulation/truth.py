"""What really happens outside the platform's control, from a generator or from data files."""

from __future__ import annotations

from typing import Protocol

import msgspec

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints


class Behaviour(msgspec.Struct, frozen=True):
    """What owners do with storage, [assets, slots]: is it there, what leaves it, what must it hold.

    ``need_wh`` is the least energy that the owner wants stored after a slot.
    """

    there: Bools
    draw_wh: Ints
    need_wh: Ints


class Truth(Protocol):
    """Answers for any window of slots, always the same; masks tell where data exist."""

    def load_wh(self, slots: Slots) -> tuple[Ints, Bools]:
        """Inflexible load [members, slots] in Wh."""
        ...

    def pv_wh(self, slots: Slots) -> tuple[Ints, Bools]:
        """What solar plants could make [plants, slots] in Wh."""
        ...

    def spot(self, slots: Slots) -> tuple[Ints, Bools]:
        """Main-market price [slots] in µ¤/kWh."""
        ...

    def spread(self, slots: Slots) -> Ints:
        """Imbalance price less spot price [slots] in µ¤/kWh."""
        ...

    def behaviour(self, slots: Slots) -> Behaviour:
        """What owners really do."""
        ...

    def expected(self, slots: Slots) -> Behaviour:
        """What owners say beforehand that they will do."""
        ...
