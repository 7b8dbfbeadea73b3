"""Who and what a community consists of, as columns.

Rows follow identifiers in ascending order, so row numbers are stable and ties that go to the
lower row go to the lower identifier. Arrays are int64 unless a docstring says float64; -1 in a
row-number or limit column means "none".
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Calendar
from gridpact.base.units import Bools, Floats, Ints


class Parties(msgspec.Struct, frozen=True):
    """The participants beside the members: identifiers only, roles by field name."""

    operator: str
    supplier: str
    dso: str
    state: str
    authority: str


class Zones(msgspec.Struct, frozen=True):
    """Network zones and feeders. ``parent`` is a row or -1; limits are [W], -1 for none."""

    ids: tuple[str, ...]
    parent: Ints
    import_limit_w: Ints
    export_limit_w: Ints


class TradingTerms(msgspec.Struct, frozen=True):
    """What members may trade, and what they prefer beside price, shape [members].

    ``authorised`` tells who is admitted to the market. ``buy_limit`` and ``sell_limit`` bound what
    a member may have on order per slot and side [Wh]; ``collateral`` bounds what it may come to
    owe by its orders and by trades not yet settled [nano-¤]; -1 for no limit. A buyer's premiums
    [µ¤/kWh] are what it pays beyond its limit for energy that is green, from its ``partner`` (row
    of a member, -1 for nobody), or from its own zone.
    """

    authorised: Bools
    buy_limit_wh: Ints
    sell_limit_wh: Ints
    collateral_nano: Ints
    green_micro_per_kwh: Ints
    partner: Ints
    partner_micro_per_kwh: Ints
    near_micro_per_kwh: Ints


def free_trading(members: int) -> TradingTerms:
    """Terms of members who are all admitted, without limits, and look at price alone."""
    none, zero = np.full(members, -1, np.int64), np.zeros(members, np.int64)
    return TradingTerms(np.ones(members, np.bool_), none, none, none, zero, none, zero, zero)


class Members(msgspec.Struct, frozen=True):
    """Members, one metering point each, shape [members].

    ``discount`` and ``premium`` [µ¤/kWh] say how much better than their supplier's price a member
    wants to be before trading; ``static_share`` [ppm] is used by the static sharing key.
    ``trading`` is None where :func:`free_trading` applies.
    """

    ids: tuple[str, ...]
    metering_points: tuple[str, ...]
    roles: tuple[str, ...]
    zone: Ints
    discount_micro_per_kwh: Ints
    premium_micro_per_kwh: Ints
    static_share_ppm: Ints
    trading: TradingTerms | None = None


class Marks(msgspec.Struct, frozen=True, omit_defaults=True):
    """What assets and connections go by beside kinds and zones, where something is known.

    ``tags`` of assets by their identifier; ``postcode``, ``feeder`` and ``transformer`` of members'
    connections by the member's. A feeder that is not said is the zone.
    """

    tags: dict[str, tuple[str, ...]] = {}
    postcode: dict[str, str] = {}
    feeder: dict[str, str] = {}
    transformer: dict[str, str] = {}


class Pv(msgspec.Struct, frozen=True):
    """Photovoltaic plants, shape [plants]; ``member`` is a row of :class:`Members`."""

    ids: tuple[str, ...]
    member: Ints
    peak_w: Ints


class Heat(msgspec.Struct, frozen=True):
    """Temperatures of what stores heat, shape [assets of :class:`Storage`].

    An asset holds nothing at ``empty_mc`` and all that it can at ``full_mc`` [m°C], and in between
    in proportion; where the two are the same its temperature is not known. ``litres`` is water in
    a tank, 0 where none is drawn from it.
    """

    empty_mc: Ints
    full_mc: Ints
    litres: Ints


class Storage(msgspec.Struct, frozen=True):
    """Everything that stores: batteries, cars, heat pumps with their building, tanks.

    Shape [assets]. ``charge_w`` and ``discharge_w`` are at the grid side. Heat is counted in the
    electricity that makes it; ``heat``, which is left out of journals where it is unset, says what
    temperatures that makes. ``efficiency_in/out`` and ``kept_per_hour`` (share of the stored energy
    that one hour leaves) are float64 in (0, 1].
    """

    ids: tuple[str, ...]
    kind: tuple[str, ...]
    member: Ints
    charge_w: Ints
    discharge_w: Ints
    capacity_wh: Ints
    efficiency_in: Floats
    efficiency_out: Floats
    kept_per_hour: Floats
    heat: Heat | msgspec.UnsetType = msgspec.UNSET

    @property
    def opening_wh(self) -> Ints:
        """Stored energy [assets] that a run begins with: batteries half full, all else at 80 %."""
        percent = [50 if kind == "battery" else 80 for kind in self.kind]
        return self.capacity_wh * np.array(percent, dtype=np.int64) // 100


class Runs(msgspec.Struct, frozen=True):
    """Shiftable appliances: one uninterruptible run a day inside a local window.

    ``power_w`` [appliances] for ``duration_s``; the run must fit between ``earliest_s`` and
    ``latest_s`` (seconds of the local day).
    """

    ids: tuple[str, ...]
    member: Ints
    power_w: Ints
    duration_s: Ints
    earliest_s: Ints
    latest_s: Ints


class Tariffs(msgspec.Struct, frozen=True):
    """Prices outside the community [µ¤/kWh].

    Supplier import costs ``import_spot_ppm`` of the main-market price plus ``import_markup``;
    export earns ``export_spot_ppm`` of it plus ``export_markup``. A flat tariff has 0 ppm.
    ``network`` applies to energy from outside, ``network_local`` to energy from the community,
    ``levy`` to all withdrawn energy.
    """

    import_spot_ppm: int
    import_markup_micro_per_kwh: int
    export_spot_ppm: int
    export_markup_micro_per_kwh: int
    network_micro_per_kwh: int
    network_local_micro_per_kwh: int
    levy_micro_per_kwh: int


class TradingRules(msgspec.Struct, frozen=True):
    """How one market, day-ahead or intraday, trades.

    ``mechanism`` is one of :data:`gridpact.market.clearing.mechanisms.MECHANISMS`, ``k_ppm`` the
    share of a gain that goes to the seller where the mechanism divides it. ``ties`` says how
    orders at the marginal price share: ``pro-rata`` to quantity, or by ``time`` of arrival.
    Fees [µ¤/kWh] go to the operator. ``distance_fee`` goes to the network company, for every step
    between two zones; only preference matching takes it. With ``grid_limits`` what is traded into
    and out of each zone keeps within the zone's limits. A member rated below
    ``lowest_rating_ppm`` is not admitted. Price limits that are None are those of all markets.
    ``largest_order_wh`` is the most that one order may have in a slot; where it is unset, which
    leaves it out of journals, an order may have what any may.
    """

    mechanism: str = "uniform-price"
    k_ppm: int = 500_000
    ties: str = "pro-rata"
    buyer_fee_micro_per_kwh: int = 0
    seller_fee_micro_per_kwh: int = 0
    distance_fee_micro_per_kwh: int = 0
    grid_limits: bool = False
    lowest_rating_ppm: int = 0
    lowest_micro_per_kwh: int | None = None
    highest_micro_per_kwh: int | None = None
    largest_order_wh: int | msgspec.UnsetType = msgspec.UNSET


class MarketRules(msgspec.Struct, frozen=True):
    """Gates [seconds of the local day], lead [s] from gate to first slot, price limits.

    Orders come in from ``opens_s`` before a gate. ``day_ahead`` and ``intraday`` say how each
    market trades.
    """

    day_ahead_gate_s: int
    intraday_gates_s: tuple[int, ...]
    lead_s: int
    lowest_micro_per_kwh: int
    highest_micro_per_kwh: int
    opens_s: int = 900
    day_ahead: TradingRules = TradingRules()
    intraday: TradingRules = TradingRules()

    def trading(self, kind: str) -> TradingRules:
        """How sessions of a kind trade: those called ``day-ahead``, and all others intraday."""
        return self.day_ahead if kind == "day-ahead" else self.intraday


class SharingCoefficients(msgspec.Struct, frozen=True):
    """Shares of production in ``count`` slots of ``step`` seconds from ``start`` [s, UTC].

    ``ppm`` is int64 [producers, members, slots]; ``producers`` are rows of members, or the one row
    -1 for all production together.
    """

    start: int
    step: int
    producers: Ints
    ppm: Ints


class SharingRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """``key`` is one of :data:`SHARING_KEYS`.

    Shared energy is priced between the supplier's export and import price: ``seller_ppm`` of the
    difference goes to the one who shares. Keys whose coefficients are set ahead have them in
    ``coefficients``; the key ``contract`` has the canonical bytes of one. What is not there is left
    out of journals.
    """

    key: str
    seller_ppm: int
    coefficients: SharingCoefficients | None = None
    contract: bytes = b""


SHARING_KEYS = (
    *("default-dynamic", "static", "simple-dynamic", "full-dynamic"),
    *("spanish-fixed", "spanish-hourly", "contract"),
)
"""Keys that a community can share by; see :mod:`gridpact.settlement.sharing.keys`."""


class SettlementRules(msgspec.Struct, frozen=True):
    """``cutoff_s`` after the local day ends readings close; money is rounded to ``minor_nano``."""

    cutoff_s: int
    rounding: str
    minor_nano: int


class OperationRules(msgspec.Struct, frozen=True):
    """When schedules in force are looked at again: every ``replan_s`` [s, 0: never] and on events.

    ``replan_on`` names kinds of events, see :data:`CAUSES`. A solve has ``solve_s`` [s] before the
    slot from which its schedule is in force. An asset from which nothing was heard for longer than
    ``stale_s`` [s] is planned with wider margins.
    """

    replan_s: int
    replan_on: tuple[str, ...]
    solve_s: int
    stale_s: int


CAUSES = ("need", "limit", "refusal", "arrival", "silence", "forecast", "prices", "activation")
"""Kinds of events on which schedules may be made anew."""


COMMITS = ("daily", "at-once")
"""When a ledger is told: of a day when it is settled, or of everything at its own moment."""


class Community(msgspec.Struct, frozen=True):
    """All of it; journalled once when a run opens, and read by every room.

    Where ``operation`` is unset, which leaves it out of journals, only sessions make schedules.
    ``marks`` are unset, and left out, where there are none. ``commits`` is one of
    :data:`COMMITS`; unset, and left out, where it is the first of them.
    """

    name: str
    currency: str
    timezone: str
    step_s: int
    parties: Parties
    zones: Zones
    members: Members
    pv: Pv
    storage: Storage
    runs: Runs
    tariffs: Tariffs
    market: MarketRules
    sharing: SharingRules
    settlement: SettlementRules
    operation: OperationRules | msgspec.UnsetType = msgspec.UNSET
    marks: Marks | msgspec.UnsetType = msgspec.UNSET
    commits: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def calendar(self) -> Calendar:
        """The community's local calendar in slots of ``step_s``."""
        return Calendar(self.timezone, self.step_s)
