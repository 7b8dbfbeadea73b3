"""The scheduling problem and its answer as columns: the seam that every solver stands behind.

Energies are Wh per slot at the grid side. Rows are homes (members) or assets; the last axis is
the slot. Signed net energy appears here alone: positive = withdrawal from the grid.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.priorities.levels import Level


class StorageColumns(msgspec.Struct, frozen=True):
    """Storage of any kind. ``home`` [assets]; the arrays [assets, slots] unless said otherwise.

    After each slot ``state' = kept · state + efficiency_in · charge − discharge / efficiency_out −
    draw``, with ``lo ≤ state' ≤ hi``. Efficiencies and ``kept`` (per slot) are float64 [assets].
    """

    home: Ints
    initial_wh: Ints
    charge_max_wh: Ints
    discharge_max_wh: Ints
    lo_wh: Ints
    hi_wh: Ints
    draw_wh: Ints
    efficiency_in: Floats
    efficiency_out: Floats
    kept: Floats


class RunColumns(msgspec.Struct, frozen=True):
    """Uninterruptible runs [runs]: ``length`` slots of ``energy_wh`` each.

    The run starts at a slot position in ``[earliest, latest]`` (both inclusive) and must end inside
    the horizon.
    """

    home: Ints
    energy_wh: Ints
    length: Ints
    earliest: Ints
    latest: Ints


class ZoneColumns(msgspec.Struct, frozen=True):
    """Shared limits. ``zone`` [homes]; ``parent`` [zones] row or -1; limits [zones, slots] in Wh.

    A zone's net energy is that of its homes and of all zones below it. -1 means no limit; as a
    home's zone, that it is in none. Limits may be lower than what the grid bears by so much to
    spare [zones, slots]: a margin, for which no need gives way. Only what is above it counts.
    """

    zone: Ints
    parent: Ints
    import_limit_wh: Ints
    export_limit_wh: Ints
    import_spare_wh: Ints | None = None
    export_spare_wh: Ints | None = None

    def borne(self) -> tuple[Ints, Ints]:
        """What the grid bears of import and export [zones, slots] Wh, -1 where all."""
        pairs = (
            (self.import_limit_wh, self.import_spare_wh),
            (self.export_limit_wh, self.export_spare_wh),
        )
        imports, exports = (
            limit if spare is None else np.where(limit >= 0, limit + spare, -1)
            for limit, spare in pairs
        )
        return imports, exports


class Sum(msgspec.Struct, frozen=True):
    """Bounds on a sum over slots ``first ≤ slot < end``, of storage and zones together.

    ``kind`` says what is summed: ``net`` energy taken, that of ``zones`` with all in and below
    them [Wh]; what one storage discharges (``discharge``) [Wh]; what it costs (``cost``) to charge
    one at its home's import prices, where these are above 0 [nano-¤]. ``lower`` is given for net
    energy alone; None where there is no bound. Home ``h`` by itself is zone ``zones + h``.
    ``level`` says before what it gives way; what one storage does is a need or a wish.
    """

    kind: str
    first: int
    end: int
    storage: tuple[int, ...]
    zones: tuple[int, ...] = ()
    lower: int | None = None
    upper: int | None = None
    level: Level = Level.NEEDS


class Firm(msgspec.Struct, frozen=True):
    """What holds in any case: it is physical, or nobody's wish.

    ``state_wh`` [assets, slots] is the least that storage holds then, no more than ``lo_wh``, and
    ``most_wh`` the most, no less than ``hi_wh`` (None: ``hi_wh`` is). ``runs`` [runs] marks those
    that run even where a limit is exceeded for it.
    """

    state_wh: Ints
    runs: Bools
    most_wh: Ints | None = None


class Wished(msgspec.Struct, frozen=True):
    """Bounds as tight as wishes ask for, wherever nothing else is lost by it.

    Powers and states of storage [assets, slots] Wh, and the first and last start [runs]; each is
    that of the problem where nothing is wished. States may be wished that cannot be.
    """

    charge_max_wh: Ints
    discharge_max_wh: Ints
    lo_wh: Ints
    hi_wh: Ints
    earliest: Ints
    latest: Ints


class Soft(msgspec.Struct, frozen=True):
    """A bound that may be missed where that saves more than ``worth_micro`` [µ¤] for each kWh.

    ``side`` says of what, in slots ``first ≤ slot < end``: what a storage ``row`` holds after each
    (``lo``, ``hi``), takes (``charge``) or gives (``discharge``) in each: ``bound_wh``. Of a
    ``run`` they are the starts asked for, and what it takes is missed if it starts at another.
    ``total`` is a sum (``sum``).
    """

    side: str
    row: int
    first: int
    end: int
    bound_wh: int
    worth_micro: int
    total: Sum | None = None


class Problem(msgspec.Struct, frozen=True):
    """One scheduling problem over ``slots``; arrays [homes, slots].

    ``position_wh`` is energy already bought (positive) or sold for the slot: only what differs
    from it is bought at ``import_price`` or sold at ``export_price`` [µ¤/kWh]. ``sums`` bound what
    is done in several slots. What is not ``firm`` gives way to limits and contracts; without it,
    every bound of storage and every run is. ``wished``, and sums at the level of wishes, give way
    to all of these and to nothing else; what is ``soft`` is missed where that saves money.
    """

    slots: Slots
    load_wh: Ints
    pv_wh: Ints
    position_wh: Ints
    import_price: Ints
    export_price: Ints
    storage: StorageColumns
    runs: RunColumns
    zones: ZoneColumns
    sums: tuple[Sum, ...] = ()
    firm: Firm | None = None
    wished: Wished | None = None
    soft: tuple[Soft, ...] = ()


class Conflict(msgspec.Struct, frozen=True, omit_defaults=True):
    """A limit or need that could not be met: what, where, from which slot on, and by how much.

    ``kind`` says what ``row`` counts and ``missing_wh`` is:

    - ``need``: an asset, whose state misses its bounds; the most it misses them by after any slot.
    - ``zone-import``, ``zone-export``: a zone above its limit; all energy above it, summed.
    - ``run``: a run that is left out: no allowed start lets it end inside the horizon, or limits
      and contracts would be missed for it; its energy.
    - ``sum``: a sum of the problem beyond its bounds; the energy. For what it costs to charge, the
      energy that too much money buys at the highest price; the money is ``missing_nano`` [nano-¤],
      0 for all else.
    - ``wished-state``, ``wished-run``: the same as ``need`` and ``run`` of what is wished beyond
      what is needed; a run that is missed starts at another time.
    - ``wished-power``: an asset that takes or gives more than is wished; all of that, summed.
    - ``soft``: a soft bound of the problem, missed where that saves more; the energy, summed.
    - ``unbound``: a need that cannot be held to as things are; the asset, or 0; nothing is counted.

    Limits of the grid go before contracts and these before needs, but for what is physical.
    ``needs`` are the identifiers of stated needs that are missed in it, if any.
    """

    kind: str
    row: int
    first_slot: int
    missing_wh: int
    needs: tuple[str, ...] = ()
    missing_nano: int = 0


class Plan(msgspec.Struct, frozen=True):
    """The answer: whole Wh. ``net_wh`` and ``curtail_wh`` [homes, slots]; storage [assets, slots].

    ``state_wh`` is the state after each slot, rounded; it may miss a bound by what whole Wh cannot
    follow (see ``check.allowance``). ``run_start`` [runs] is a slot position, -1 for a run that
    cannot be. ``cost_nano`` [homes] is the plan's cost at the given prices; ``zone_price``
    [zones, slots] in µ¤/kWh is what one more Wh under the limit is worth: positive where import is
    limited, negative where export is, so that a home pays the sum over its zones on top of its
    prices. ``conflicts`` lists what had to give, empty when everything holds.

    ``unproved_nano`` is 0 for a proved optimum; else the cost is at most so much above it.
    """

    net_wh: Ints
    curtail_wh: Ints
    charge_wh: Ints
    discharge_wh: Ints
    state_wh: Ints
    run_start: Ints
    cost_nano: Ints
    zone_price: Ints
    conflicts: tuple[Conflict, ...]
    unproved_nano: int = 0
