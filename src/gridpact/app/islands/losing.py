"""What the loss of the grid at an instant means: readiness, survival, and the way back."""

from __future__ import annotations

import string

import msgspec

from gridpact.app.islands.model import Site
from gridpact.app.islands.planning import cost_nano
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.islands.black_start import Load, Order, black_start
from gridpact.scheduling.islands.operation import operate
from gridpact.scheduling.islands.survival import survival
from gridpact.scheduling.islands.transition import Ready, residual_wh
from gridpact.scheduling.reference.highs import Search


class Handover(msgspec.Struct, frozen=True):
    """Most that storage has to carry in the slots of a possible loss [W], and what a plan costs."""

    carried_w: int
    cost_nano: int


class Transition(msgspec.Struct, frozen=True):
    """Plans on the grid for a loss in slots ``first ≤ slot < end``: unaware of it, and ready."""

    first: int
    end: int
    asked_w: int
    unaware: Handover
    ready: Handover


class Loss(msgspec.Struct, frozen=True):
    """The grid is lost at the begin of slot ``slot``.

    ``survived`` slots critical load is served for, ``whole`` to the end of the horizon.
    ``transition`` is None where no storage forms a grid.
    """

    slot: int
    transition: Transition | None
    survived: int
    whole: bool
    order: Order


def loss(site: Site, slot: int, options: Options) -> Loss:
    """Find what a loss at the begin of a slot means.

    Raises ValueError where forming storage cannot be ready as asked.
    """
    lasting = survival(site.island, slot, Search(gap=options.gap))
    order = black_start(site.sources, restarts(site, slot), site.rules)
    return Loss(slot, _transition(site, slot, options), lasting.slots, lasting.whole, order)


def restarts(site: Site, slot: int) -> list[Load]:
    """Loads to connect again, what is worth most first; their load is that of the slot."""
    hours = site.slots.step / 3600
    values = sorted({block.value for block in site.island.blocks}, reverse=True)
    found = []
    for block, how in zip(site.island.blocks, site.restarts, strict=True):
        power = float(block.energy_wh[slot]) / hours if how.power_w is None else how.power_w
        each = round(power / how.parts)
        for part in range(how.parts if each else 0):
            found.append(
                Load(
                    name=block.name if how.parts == 1 else f"{block.name} {_numbered(part)}",
                    power_w=each,
                    priority=values.index(block.value) + 1,
                    pickup_ppm=how.pickup_ppm,
                    pickup_s=how.pickup_s,
                )
            )
    return found


def _numbered(part: int) -> str:
    """``A`` to ``Z``, then ``A1`` and so on."""
    turn, letter = divmod(part, len(string.ascii_uppercase))
    return string.ascii_uppercase[letter] + (str(turn) if turn else "")


def _transition(site: Site, slot: int, options: Options) -> Transition | None:
    over, last = site.takeover, site.slots.count
    if over is None:
        return None
    asked = Ready(
        zone=0,
        first=max(slot - over.early, 0),
        end=min(slot + 1 + over.late, last),
        forming=over.forming,
        carried_w=over.carried_w,
        taken_w=over.taken_w,
        sustained_s=over.sustained_s,
    )
    found = [_handover(site, asked, losing, options) for losing in (None, asked)]
    return Transition(asked.first, asked.end, round(asked.carried_w), found[0], found[1])


def _handover(site: Site, asked: Ready, losing: Ready | None, options: Options) -> Handover:
    solution = operate(site.island, options=options, losing=losing).solution
    carried = residual_wh(site.island.fleet, asked, solution)[asked.first : asked.end].max()
    return Handover(round(float(carried) * 3600 / site.slots.step), cost_nano(solution))
