"""What a file says of a microgrid, ready for what schedules it."""

from __future__ import annotations

import msgspec

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.islands.black_start import Rules, Source
from gridpact.scheduling.islands.emissions import Rates
from gridpact.scheduling.islands.survival import Island


class Names(msgspec.Struct, frozen=True):
    """Names of the fleet's rows, in their order."""

    solar: tuple[str, ...]
    storage: tuple[str, ...]
    units: tuple[str, ...]


class Margin(msgspec.Struct, frozen=True):
    """The reserve that spins; ``with_grid``: also while the grid is there."""

    reserve_w: float
    largest_unit: bool
    sustained_s: int
    with_grid: bool


class Takeover(msgspec.Struct, frozen=True):
    """What forming storage takes over from a grid that goes, so many slots early or late."""

    forming: Ints
    carried_w: float
    taken_w: float
    sustained_s: int
    early: int
    late: int


class Restart(msgspec.Struct, frozen=True):
    """How a block of load comes back: in equal parts, with pick-up; None: its load at the time."""

    power_w: float | None
    parts: int
    pickup_ppm: int
    pickup_s: int


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A microgrid with the times and names of its slots and rows.

    ``rates`` has what own units emit, without blocks of load. ``connected`` says that there is a
    grid, ``takeover`` is None where no storage forms one. ``sources`` are what restarts it,
    ``restarts`` go with the blocks. ``dearest`` is a price of carbon [µ¤/kg].
    """

    file: str
    timezone: str
    currency: str
    slots: Slots
    island: Island
    names: Names
    connected: bool
    rates: Rates
    solar_wh: Floats
    margin: Margin | None
    takeover: Takeover | None
    sources: tuple[Source, ...]
    restarts: tuple[Restart, ...]
    rules: Rules
    dearest: float
