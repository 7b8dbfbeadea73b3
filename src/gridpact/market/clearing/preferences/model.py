"""What buyers prefer beside price, what the grid charges by distance, and what pairs gain."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX, Bools, Ints, magnitude
from gridpact.market.orders import Orders

Whole: TypeAlias = NDArray[np.int64] | NDArray[np.object_]
"""Whole numbers, as Python's where 64 bits might be too narrow."""

NOBODY = -1
"""In the column ``partner``: no partner is preferred."""


class Preferences(msgspec.Struct, frozen=True):
    """Attributes beside the orders, columns [orders] in the same rows.

    ``green`` tells whether an offer is of renewable source and ``location`` is a row of the grid.
    A bid's premiums [µ¤/kWh], none negative, are what its buyer pays beyond its limit if the offer
    is green, if it comes from the member ``partner`` (-1 for nobody), and if it is nearby; they
    add up. ``green`` of bids and ``partner`` and premiums of offers are not read.
    """

    green: Bools
    partner: Ints
    location: Ints
    green_micro_per_kwh: Ints
    partner_micro_per_kwh: Ints
    near_micro_per_kwh: Ints

    def take(self, rows: Ints | Bools) -> Preferences:
        """Return the given rows, by number or by mask."""
        return Preferences(*(getattr(self, name)[rows] for name in self.__struct_fields__))


class Distances(msgspec.Struct, frozen=True):
    """The grid between locations, shape [from, to].

    ``fee_micro_per_kwh`` is what a kWh from one location to another costs, not negative and paid
    by the buyer on top; ``near`` tells which locations are nearby of each other.
    """

    fee_micro_per_kwh: Ints
    near: Bools


class Pairs(msgspec.Struct, frozen=True):
    """Every bid of a slot with every offer, [bids, offers] in µ¤/kWh.

    ``value`` is the most the buyer gives for energy from there: its limit and premiums less the
    grid ``fee``.
    """

    value: Ints
    fee: Ints


def indifferent(orders: Orders) -> Preferences:
    """Return preferences of buyers who look at nothing but price, all at location 0."""
    zero = np.zeros(orders.count, dtype=np.int64)
    return Preferences(zero.astype(np.bool_), zero + NOBODY, zero, zero, zero, zero)


def one_place() -> Distances:
    """Return a grid of a single location without fees."""
    return Distances(np.zeros((1, 1), dtype=np.int64), np.ones((1, 1), dtype=np.bool_))


def check(orders: Orders, preferences: Preferences, distances: Distances) -> None:
    """Refuse preferences that do not fit the orders or the grid.

    Raises
    ------
    ValueError
        A column is not as long as the orders, a location is unknown, a premium or fee is negative,
        or the grid is not square.
    NumberOverflow
        What a buyer gives at most, with premiums and fee, might not fit 64 bits.
    """
    columns = [getattr(preferences, name) for name in preferences.__struct_fields__]
    if any(column.shape != (orders.count,) for column in columns):
        raise ValueError("preferences must have a row for each order")
    fee, places = distances.fee_micro_per_kwh, distances.near.shape[0]
    if not fee.shape == distances.near.shape == (places, places):
        raise ValueError("fees and nearness must be square tables of the same locations")
    if np.any((preferences.location < 0) | (preferences.location >= places)):
        raise ValueError(f"an order's location must be in [0, {places})")
    premiums = columns[3:]
    if any(np.any(amount < 0) for amount in [*premiums, fee]):
        raise ValueError("premiums and grid fees must not be negative")
    most = sum(map(magnitude, [orders.limit_micro_per_kwh, *premiums, fee]))
    if most > INT64_MAX:
        raise NumberOverflow("a limit with premiums and fee might not fit 64 bits")


def pairs_of(
    orders: Orders, preferences: Preferences, distances: Distances, bids: Ints, offers: Ints
) -> Pairs:
    """Value every bid with every offer, given as rows of the orders."""
    place = preferences.location
    between: tuple[NDArray[np.int64], NDArray[np.int64]] = (
        place[offers][None],
        place[bids][:, None],
    )
    fee = distances.fee_micro_per_kwh[between]
    partner = preferences.partner[bids][:, None] == orders.member[offers][None]
    value = orders.limit_micro_per_kwh[bids][:, None] - fee
    value = value + preferences.green_micro_per_kwh[bids][:, None] * preferences.green[offers][None]
    value += preferences.partner_micro_per_kwh[bids][:, None] * partner
    value += preferences.near_micro_per_kwh[bids][:, None] * distances.near[between]
    return Pairs(value, fee)


def surplus_of(value: Ints, asked: Ints) -> Whole:
    """What each pair gains, ``value`` [bids, offers] less what offers ask [offers]; exact."""
    if magnitude(value) + magnitude(asked) > INT64_MAX // 2:
        return np.asarray(value.astype(object) - asked.astype(object))
    return np.asarray(value - asked)
