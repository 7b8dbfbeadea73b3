"""What scheduling remembers of activations between messages."""

from __future__ import annotations

import msgspec

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.messages import NeedsStated


class Active(msgspec.Struct, frozen=True, omit_defaults=True):
    """An activation that is under way or to come: its name, its slots, the zones it asks [rows].

    ``given_wh`` [assets] is what storage gives in every slot, in the direction that ``up`` says.
    ``by``, ``asked`` and ``rule`` are as requested; ``steps`` counts how often others stepped in.
    """

    id: str
    window: Slots
    zones: tuple[int, ...]
    given_wh: Ints
    up: bool = True
    by: str = ""
    asked: tuple[str, ...] = ()
    rule: str = "merit-order"
    steps: int = 0


class Ground(msgspec.Struct, frozen=True):
    """What a schedule in force was made from: owners' statement, and ``pv_wh`` [members, slots]."""

    needs: NeedsStated
    pv_wh: Ints


class Activations(msgspec.Struct, frozen=True):
    """Activations that are not over, how many there have been, and what headroom is found from."""

    active: tuple[Active, ...] = ()
    issued: int = 0
    grounds: tuple[Ground, ...] = ()
