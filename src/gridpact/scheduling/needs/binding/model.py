"""What needs are bound to, and what comes of it."""

from __future__ import annotations

import msgspec

from gridpact.base.errors import Fault
from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.heat import Building, WaterTank
from gridpact.scheduling.needs.directory import Directory
from gridpact.scheduling.priorities.levels import Level, Shortfall
from gridpact.scheduling.priorities.needs import Needs


class Stored(msgspec.Struct, frozen=True):
    """What an asset that only charges holds when it arrives [Wh], and its charging efficiency."""

    state_wh: float
    efficiency: float = 1.0


class Warmth(msgspec.Struct, frozen=True):
    """Temperature of what stores heat: ``wh_per_k`` of its energy above ``reference_c``.

    A tank has ``litres``, and is filled from the mains at ``mains_c``.
    """

    wh_per_k: float
    reference_c: float
    litres: float = 0.0
    mains_c: float = 10.0


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet from ``start`` on [s since the epoch], and who is where in it.

    ``places`` tells the table and row of each asset by its identifier, ``zones`` the row of each
    zone by its name. ``buildings`` and ``tanks`` are the models that rows of storage were made
    from, ``warmth`` is that of others, ``charging`` what assets in ``one_way`` hold; all by the
    asset's identifier. ``needs`` are asked of the fleet already. ``so_far_wh`` is what counts, by
    need, of an energy within a window that has begun; ``discharged_wh`` what batteries gave since
    the last local midnight, by asset; ``spent_nano`` what was paid in a window of a budget that has
    begun, by need. ``groups`` are rows of the homes, as zones, at places that are no zones, by what
    these are and their names. Zones from row ``unlimited_from`` on have no limit of their own.
    ``rounding_wh`` is by how much what is stored may be off a bound that a need asks for, as plans
    in whole Wh are. ``traded_wh`` [zones, slots] is what zones have bought already, where their net
    energy in the fleet leaves it out.
    """

    fleet: Fleet
    prices: Prices
    start: int
    timezone: str
    directory: Directory
    places: dict[str, tuple[str, int]]
    zones: dict[str, int]
    buildings: dict[str, Building] = {}
    tanks: dict[str, WaterTank] = {}
    warmth: dict[str, Warmth] = {}
    charging: dict[str, Stored] = {}
    needs: Needs = Needs()
    so_far_wh: dict[str, int] = {}
    discharged_wh: dict[str, int] = {}
    spent_nano: dict[str, int] = {}
    groups: dict[tuple[str, str], tuple[int, ...]] = {}
    unlimited_from: int | None = None
    rounding_wh: float = 0.0
    traded_wh: Floats | None = None

    @property
    def end(self) -> int:
        """First second after the last slot."""
        return self.start + self.fleet.slots * self.fleet.step_s


class Origin(msgspec.Struct, frozen=True):
    """Where a bound comes from: slots ``first ≤ slot < end`` of a row and column, and the need.

    ``table`` is one of a fleet's, ``zones`` or ``portfolio``. A ``firm`` bound is physical to the
    solver and never missed; any other gives way at ``level``. ``bound`` is what the need itself
    asks for where others may ask for less, in the unit of the column.
    """

    need: str
    table: str
    row: int
    column: str
    first: int
    end: int
    level: Level
    firm: bool
    bound: float | None = None


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet with needs bound to it, to be solved by levels.

    ``later``: needs, all or part of which is for a later horizon. ``refused``: what could not be
    bound exactly, by need, with what to ask for instead; all else is bound.
    """

    fleet: Fleet
    needs: Needs
    origins: tuple[Origin, ...]
    later: tuple[str, ...]
    refused: tuple[Fault, ...]

    def behind(self, missing: Shortfall) -> tuple[str, ...]:
        """Return the needs that a shortfall misses, by identifier."""
        table, column = _COLUMNS[missing.kind]
        rows = [
            one
            for one in self.origins
            if not one.firm
            and (one.table, one.row) == (table, missing.row)
            and column in ("", one.column)
            and (table in ("zones", "portfolio") or one.level is missing.level)
        ]
        if table == "storage":  # what is asked last is told of at the last slot
            latest = max((one.end for one in rows if one.first <= missing.slot), default=0)
            rows = [
                one
                for one in rows
                if one.first <= missing.slot < one.end or latest == one.end <= missing.slot
            ]
        elif table in ("zones", "portfolio"):
            rows = [one for one in rows if one.first <= missing.slot < one.end]
        return tuple(dict.fromkeys(one.need for one in rows))


_COLUMNS = {
    "import": ("zones", "import_limit_w"),
    "export": ("zones", "export_limit_w"),
    "lower": ("portfolio", "lower_wh"),
    "upper": ("portfolio", "upper_wh"),
    "one_way": ("one_way", "energy_wh"),
    "storage": ("storage", "lo_wh"),
    "runs": ("runs", ""),
}
"""Table and column that each kind of shortfall is about."""
