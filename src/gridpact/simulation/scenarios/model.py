"""A scenario as typed, frozen values: whole units, every default written out."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

import msgspec

from gridpact.metering.importers.mapping import Mapping, SessionMapping
from gridpact.registry.model import (
    MarketRules,
    OperationRules,
    Parties,
    SettlementRules,
    SharingRules,
    Tariffs,
)
from gridpact.simulation.faults import Rates

Role: TypeAlias = Literal["prosumer", "consumer", "producer"]


class ColumnRef(msgspec.Struct, frozen=True):
    """A column of a named source."""

    source: str
    column: str


class SessionRef(msgspec.Struct, frozen=True):
    """The sessions of one user in a named source."""

    source: str
    user: str


class Place(msgspec.Struct, frozen=True):
    """Degrees north, degrees east, metres above the sea."""

    latitude: float
    longitude: float
    altitude_m: float


class Run(msgspec.Struct, frozen=True):
    """``days`` local days from ``first_day``, and the seed of everything random."""

    first_day: date
    days: int
    seed: int


class Zone(msgspec.Struct, frozen=True):
    """A zone; ``parent`` is empty for a root, limits [W] are -1 for none."""

    id: str
    parent: str
    import_limit_w: int
    export_limit_w: int
    postcode: str


class Load(msgspec.Struct, frozen=True):
    """Own use: a standard household of ``annual_wh``, or a column of data; neither for none."""

    annual_wh: int = 0
    data: ColumnRef | None = None


class Pv(msgspec.Struct, frozen=True, tag="pv"):
    """A photovoltaic plant; azimuth 180° is south. With ``data`` its output is that column."""

    id: str
    peak_w: int
    tilt_degrees: float
    azimuth_degrees: float
    data: ColumnRef | None = None


class Battery(msgspec.Struct, frozen=True, tag="battery"):
    """A battery; power [W] at the grid side, shares in millionths."""

    id: str
    capacity_wh: int
    power_w: int
    round_trip_ppm: int
    reserve_ppm: int
    hourly_loss_ppm: int


class Car(msgspec.Struct, frozen=True, tag="car"):
    """A car: away from ``by_s`` to ``back_s`` [seconds of the local day], or as sessions say.

    With -1 and no sessions its stays and trips are drawn day by day.
    """

    id: str
    capacity_wh: int
    charger_w: int
    vehicle_to_home: bool
    round_trip_ppm: int
    reserve_ppm: int
    target_ppm: int
    by_s: int
    back_s: int
    trip_wh: int
    sessions: SessionRef | None = None


class HeatPump(msgspec.Struct, frozen=True, tag="heat_pump"):
    """A heat pump with its building; all energies are electricity.

    It is at ``empty_mc`` where nothing is stored, and at ``full_mc`` [m°C] where all is that can
    be; the temperature is not known where the two are the same.
    """

    id: str
    power_w: int
    storage_wh: int
    annual_wh: int
    hourly_loss_ppm: int
    empty_mc: int = 0
    full_mc: int = 0


class Tank(msgspec.Struct, frozen=True, tag="tank"):
    """An electric hot-water tank of so many litres, 0 for not known; else as :class:`HeatPump`."""

    id: str
    power_w: int
    storage_wh: int
    annual_wh: int
    hourly_loss_ppm: int
    empty_mc: int = 0
    full_mc: int = 0
    litres: int = 0


class Appliance(msgspec.Struct, frozen=True, tag="appliance"):
    """One run a day of ``duration_s`` inside ``earliest_s`` to ``latest_s`` of the local day."""

    id: str
    power_w: int
    duration_s: int
    earliest_s: int
    latest_s: int


Asset: TypeAlias = Pv | Battery | Car | HeatPump | Tank | Appliance


class Trading(msgspec.Struct, frozen=True):
    """What a member may trade and prefers beside price; limits [Wh], [nano-¤] are -1 for none.

    Premiums are in µ¤/kWh; ``partner`` is empty for nobody.
    """

    authorised: bool = True
    buy_limit_wh: int = -1
    sell_limit_wh: int = -1
    collateral_nano: int = -1
    green_micro_per_kwh: int = 0
    partner: str = ""
    partner_micro_per_kwh: int = 0
    near_micro_per_kwh: int = 0


class Member(msgspec.Struct, frozen=True):
    """A member with one metering point; prices [µ¤/kWh], share in millionths.

    Where it is connected is "" where not said; ``tags`` are those of its assets, by identifier.
    """

    id: str
    role: Role
    zone: str
    metering_point: str
    load: Load
    assets: tuple[Asset, ...]
    discount_micro_per_kwh: int
    premium_micro_per_kwh: int
    static_share_ppm: int
    trading: Trading = Trading()
    postcode: str = ""
    feeder: str = ""
    transformer: str = ""
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()


class SeriesSource(msgspec.Struct, frozen=True):
    """A file of series. ``mapping`` has no columns yet; ``units`` are those that differ."""

    name: str
    unit: str
    units: dict[str, str]
    mapping: Mapping

    def unit_of(self, column: str) -> str:
        """Return the unit of one column."""
        return self.units.get(column, self.unit)


class SessionSource(msgspec.Struct, frozen=True):
    """A file of charging sessions."""

    name: str
    mapping: SessionMapping


class StoreSource(msgspec.Struct, frozen=True):
    """A store of readings at a folder or URL, as known at ``as_of`` [s since the epoch], or now.

    ``gaps`` tells whether slots without a sound value are a fault; ``shift_s`` is added to every
    instant [s]; ``label`` is what faults call it.
    """

    name: str
    url: str
    label: str
    as_of: int | None = None
    gaps: str = "refuse"
    shift_s: int = 0


class Prices(msgspec.Struct, frozen=True):
    """The main market's price: made up around a mean [µ¤/kWh], or a column of data."""

    mean_micro_per_kwh: int
    data: ColumnRef | None = None


class Weather(msgspec.Struct, frozen=True):
    """Columns of temperature and irradiance; None is made up for the place."""

    temperature: ColumnRef | None = None
    irradiance: ColumnRef | None = None


class Decision(msgspec.Struct, frozen=True):
    """Someone decides a choice: ``value`` in its unit in ``count`` slots from ``begin`` on.

    It is ``told`` at an instant; both are seconds since the epoch.
    """

    label: str
    begin: int
    count: int
    value: int
    told: int


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Canonical ``terms`` that their parties sign as a run begins, for ``start`` to ``end``.

    ``delegated`` are members who leave their own choices to plans.
    """

    id: str
    terms: bytes
    parties: tuple[str, ...]
    start: int
    end: int
    authority: str
    decisions: tuple[Decision, ...]
    delegated: tuple[str, ...] = ()


class Activation(msgspec.Struct, frozen=True):
    """The grid asks zones for power [W], positive for up, from ``begin`` [s since the epoch]."""

    by: str
    zones: tuple[str, ...]
    power_w: int
    begin: int
    lasts_s: int
    rule: str


class OnChain(msgspec.Struct, frozen=True):
    """A run's ledger on a chain: a node's address, the chain's id, the file of an account's key."""

    node: str
    chain: int
    account: str


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """All of a scenario. ``zones`` and ``members`` are in ascending order of identifier."""

    file: str
    name: str
    currency: str
    timezone: str
    step_s: int
    place: Place
    parties: Parties
    run: Run
    zones: tuple[Zone, ...]
    members: tuple[Member, ...]
    tariffs: Tariffs
    market: MarketRules
    sharing: SharingRules
    settlement: SettlementRules
    series: tuple[SeriesSource, ...]
    sessions: tuple[SessionSource, ...]
    prices: Prices
    weather: Weather
    faults: Rates
    operation: OperationRules | msgspec.UnsetType = msgspec.UNSET
    activations: tuple[Activation, ...] = ()
    stores: tuple[StoreSource, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    commits: str | msgspec.UnsetType = msgspec.UNSET
    on_chain: OnChain | msgspec.UnsetType = msgspec.UNSET
