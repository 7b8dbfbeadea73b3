"""What a fleet's owner has agreed, what serves it, and what a contract says for a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from gridpact.base.errors import Fault
from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.contracts.evaluate import World
from gridpact.contracts.terms import Contract
from gridpact.scheduling.fleet.columns import Fleet, Prices, Values
from gridpact.scheduling.priorities.needs import Needs

NO_ROWS = np.zeros(0, np.int64)


class Backing(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a fleet that serves deliveries: ``zones`` and rows of tables, ``assets``.

    Given to a contract in a slot is ``baseline_wh`` ([slots], or one number) less the net energy
    of the part. Contracts that name the same backing are served together.

    - ``exactly``: neither more nor less than agreed may be given, in slots in which anything is.
    - ``beside_meter``: energy of the contract is bought or sold on the market in addition to what
      the meters of the part count, as a sale from a portfolio is; False where the meters' own
      bills already fall by what is given, as where a feeder pays for less load.
    - ``sustained_s``: how long capacity must be kept up once it is called; storage alone holds it.
    """

    name: str
    zones: Ints = msgspec.field(default_factory=lambda: NO_ROWS)
    assets: tuple[tuple[str, Ints], ...] = ()
    baseline_wh: Values = 0.0
    exactly: bool = False
    beside_meter: bool = True
    sustained_s: int = 900


class Decided(msgspec.Struct, frozen=True):
    """A measured series that the party's own schedule decides, such as its load [Wh].

    ``low`` and ``high`` [slots] bound it, and payments must be affine in it between them.
    """

    low: Ints
    high: Ints


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """One contract as the scheduler of ``party`` meets it.

    - ``world``: series as forecast, and ``choice:<label>`` where a choice is made; a choice made
      for some slots alone is a :class:`~gridpact.contracts.evaluate.Known`.
    - ``served``: backing of each physical asset, by its name. Energy without one is bought and
      sold on the market; any other asset needs one, unless it is ``waived``: held by what another
      asset of the contract already does.
    - ``decided``: series that the schedule decides, by name.
    - ``others``: which end of other parties' open choices to plan for. ``most`` keeps every call
      within bounds possible, as each slot gives the most that may be called.
    - ``now`` [s since the epoch]: a choice whose notice is over by then, and that is not in the
      world, stands at its lower bound. None: all can still be made.
    """

    id: str
    contract: Contract
    party: str
    currency: str
    world: World = msgspec.field(default_factory=dict)
    served: Mapping[str, Backing] = msgspec.field(default_factory=dict)
    waived: tuple[str, ...] = ()
    decided: Mapping[str, Decided] = msgspec.field(default_factory=dict)
    others: Literal["least", "most"] = "least"
    now: int | None = None
    cut_periods: bool = False


class Shortfall(msgspec.Struct, frozen=True):
    """A payment on what a period's total lacks of an agreed energy, for one choice.

    Slots ``first ≤ slot < end``; ``counted`` [2, slots] Wh is what counts of the choice's bounds,
    ``agreed_wh`` what is due; the party pays ``rate`` [µ¤/kWh] in the last slot.
    """

    first: int
    end: int
    counted: Ints
    agreed_wh: int
    rate: int


class Limit(NamedTuple):
    """How often a yes may be said in each ``period`` of a contract: ``most`` times."""

    most: int
    period: str


class OwnChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A choice that the party still has; rows of ``[2, slots]`` arrays are its two bounds.

    ``given`` [2, slots] Wh moves of ``asset`` ("" where nothing does), positive from the party;
    ``paid`` [2, slots] nano-¤ is paid by it. Between the bounds both are affine, or nothing is
    (``whole``). ``shortfalls`` are paid on top. All holds up to a ``limit`` of how often it is
    taken.
    """

    key: str
    bounds: Ints
    whole: bool
    asset: str
    given: Ints
    paid: Ints
    shortfalls: tuple[Shortfall, ...] = ()
    limit: Limit | None = None


class Reading(msgspec.Struct, frozen=True):
    """A contract as a plan meets it.

    ``given`` [slots] by asset, Wh or W, positive from the party, and ``paid_nano`` [slots] by it:
    what no choice changes. ``shape`` is that of one value per slot.
    """

    given: tuple[tuple[str, Ints], ...]
    paid_nano: Ints
    choices: tuple[OwnChoice, ...]


class Column(msgspec.Struct, frozen=True):
    """Where a choice is in a fleet: its energy is the net energy of ``zone``, all of its own.

    ``zone`` is -1 where it moves no energy; it then stands at the end [slots] that ``best`` names.
    """

    agreed: str
    choice: OwnChoice
    zone: int
    best: Ints


class BoundContracts(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet with contracts bound to it, to be solved by levels.

    Zones, assets and rows of the fleet given keep their places; what was added comes after them.
    ``fixed_nano`` is what contracts cost whatever is scheduled, on top of the solution's cost.
    ``row_of`` names the contracts behind each added row of the portfolio, from ``first_row`` on.
    ``refused``: contracts of which nothing was bound, and why.
    """

    fleet: Fleet
    prices: Prices
    needs: Needs
    slots: Slots
    fixed_nano: float
    columns: tuple[Column, ...]
    first_row: int
    row_of: tuple[tuple[str, ...], ...]
    refused: tuple[Fault, ...]


class Market(msgspec.Struct, frozen=True):
    """When a fleet's slots are, and what energy of contracts is worth there.

    ``spot`` [slots] µ¤/kWh is what contracted energy is bought and sold at.
    """

    slots: Slots
    spot: Floats | Ints
