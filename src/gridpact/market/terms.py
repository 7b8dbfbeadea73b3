"""The rules that hold in one market of a community, and what follows from them for its members."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np

from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints
from gridpact.market.clearing.mechanisms import MECHANISMS, Capability, Mechanism, Option, choose
from gridpact.market.clearing.preferences.model import Distances
from gridpact.market.clearing.priority import Ties
from gridpact.market.coupling.tree import Tree, of_zones
from gridpact.market.orders import LARGEST_ORDER_WH
from gridpact.registry.model import Community, MarketRules, TradingRules, TradingTerms, free_trading

UNIFORM = "uniform-price"


class Terms(msgspec.Struct, frozen=True):
    """How one market trades: its rules, with the limit prices [µ¤/kWh] that apply to it."""

    rules: TradingRules
    lowest_micro_per_kwh: int
    highest_micro_per_kwh: int

    def claims(self, capability: Capability) -> bool:
        """Tell whether the market's mechanism has a capability."""
        return capability in MECHANISMS[self.rules.mechanism].capabilities

    @property
    def continuous(self) -> bool:
        """Whether orders trade the moment they come."""
        return self.claims(Capability.CONTINUOUS)

    @property
    def blocks(self) -> bool:
        """Whether orders over several slots, linked and exclusive ones are taken."""
        return self.claims(Capability.BLOCKS)

    @property
    def preferences(self) -> bool:
        """Whether the market looks at anything but price."""
        return self.claims(Capability.PREFERENCES)

    @property
    def largest_order_wh(self) -> int:
        """The most that one order may have in a slot [Wh]."""
        largest = self.rules.largest_order_wh
        return LARGEST_ORDER_WH if isinstance(largest, msgspec.UnsetType) else largest

    @property
    def mechanism(self) -> Mechanism:
        """The mechanism with those of its options that the rules set."""
        known = MECHANISMS[self.rules.mechanism].options
        given: dict[str, Option] = {"k_ppm": self.rules.k_ppm, "ties": self.rules.ties}
        return choose(self.rules.mechanism, {at: given[at] for at in known})


def terms_of(rules: MarketRules, trading: TradingRules) -> Terms:
    """Return the terms of one market.

    Raises ValueError for an unknown mechanism, tie rule or share, for a largest order that no
    market has, or where limits of the grid are to be kept by a mechanism that has no price for
    them.
    """
    choose(trading.mechanism)
    Ties(trading.ties)
    if not 0 <= trading.k_ppm <= MICRO_PER_UNIT:
        raise ValueError(f"k is {trading.k_ppm} ppm; it must be within 0 and {MICRO_PER_UNIT}")
    if trading.distance_fee_micro_per_kwh < 0:
        raise ValueError("the fee by distance must not be negative")
    if trading.grid_limits and trading.mechanism != UNIFORM:
        raise ValueError(f"limits of the grid are kept by {UNIFORM} alone")
    low, high = trading.lowest_micro_per_kwh, trading.highest_micro_per_kwh
    terms = Terms(
        trading,
        rules.lowest_micro_per_kwh if low is None else low,
        rules.highest_micro_per_kwh if high is None else high,
    )
    if not 1 <= terms.largest_order_wh <= LARGEST_ORDER_WH:
        raise ValueError(f"the largest order must be within 1 and {LARGEST_ORDER_WH} Wh")
    return terms


@dataclass(frozen=True)
class Venue:
    """A community's markets and what its members are to them."""

    community: Community

    @cached_property
    def rows(self) -> dict[str, int]:
        """Row of each member by identifier."""
        return {name: row for row, name in enumerate(self.community.members.ids)}

    @property
    def members(self) -> int:
        """How many members there are."""
        return len(self.community.members.ids)

    @cached_property
    def day_ahead(self) -> Terms:
        """The terms of the day-ahead market."""
        return terms_of(self.community.market, self.community.market.day_ahead)

    @cached_property
    def intraday(self) -> Terms:
        """The terms of the intraday market."""
        return terms_of(self.community.market, self.community.market.intraday)

    def terms(self, kind: str) -> Terms:
        """Return the terms under which sessions of a kind trade."""
        return self.day_ahead if kind == "day-ahead" else self.intraday

    @cached_property
    def trading(self) -> TradingTerms:
        """What members may trade and prefer."""
        return self.community.members.trading or free_trading(self.members)

    @cached_property
    def secured(self) -> bool:
        """Whether any member has to hold collateral."""
        return bool((self.trading.collateral_nano >= 0).any())

    @cached_property
    def rated(self) -> bool:
        """Whether any market asks how members traded before."""
        return max(t.rules.lowest_rating_ppm for t in (self.day_ahead, self.intraday)) > 0

    @cached_property
    def green(self) -> Bools:
        """Whose agents sell renewable energy for certain [members].

        Those with a solar plant and nothing that could give back energy taken from the grid.
        """
        found = np.zeros(self.members, np.bool_)
        found[self.community.pv.member] = True
        storage = self.community.storage
        found[storage.member[storage.discharge_w > 0]] = False
        return found

    @cached_property
    def steps(self) -> Ints:
        """Steps between zones, [from, to]: to the parent, or between two roots, is one each."""
        return zone_steps(self.community.zones.parent)

    def distances(self, terms: Terms) -> Distances:
        """Return what a market charges between zones; nearby is what is in one zone."""
        fee = self.steps * terms.rules.distance_fee_micro_per_kwh
        return Distances(fee, self.steps == 0)

    @cached_property
    def tree(self) -> Tree:
        """The zones with the limits of their links, for clearing within them."""
        free = np.zeros(len(self.community.zones.ids), np.int64)
        return of_zones(self.community.zones, self.community.step_s, free, free)


def zone_steps(parent: Ints) -> Ints:
    """Count the links between any two zones [from, to]; roots are one step from each other."""
    ways: list[list[int]] = []
    for zone in range(parent.size):
        way = [zone]
        while parent[way[-1]] >= 0:
            way.append(int(parent[way[-1]]))
        ways.append(way)
    return np.array([[_between(one, other) for other in ways] for one in ways], np.int64).reshape(
        parent.size, parent.size
    )


def _between(one: list[int], other: list[int]) -> int:
    """Steps between two zones, given with all that are above each."""
    shared = set(one) & set(other)
    up = [sum(zone not in shared for zone in way) for way in (one, other)]
    return sum(up) - (not shared)
