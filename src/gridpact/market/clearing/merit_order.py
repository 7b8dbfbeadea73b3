"""Merit-order dispatch of a main market: the cheapest generators run, the last one sets the price.

Per slot, generators are ordered by variable cost, as a planner would, or by the price they offer,
as a market does; they serve an inelastic demand and, beside it, elastic bids that give way when
the price passes their limit. The price is the system marginal one, what one Wh less of demand
would save: the limit of the order that is accepted in part, else the lower end of the interval of
valid prices (the last generator's price, or the dearest bid that was turned away). Where supply
is short, inelastic demand is cut and the price is the cap. (Standard; for instance Stoft, Power
System Economics, 2002, part 1.)
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints, checked_add, checked_multiply
from gridpact.market.clearing.crossing import cross
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.clearing.priority import Ties
from gridpact.market.clearing.uniform_price import at_price
from gridpact.market.orders import Orders, Side, concatenate, no_orders


class Basis(StrEnum):
    """What generators are ordered, and the price is set, by."""

    VARIABLE_COST = "variable-cost"
    PRICE_OFFER = "price-offer"


class Generators(msgspec.Struct, frozen=True):
    """Generators as int64 columns, all [units, slots], in order of identifier.

    ``capacity_wh`` >= 0 is what a unit can produce in a slot; costs and offers are in µ¤/kWh and
    may be negative.
    """

    capacity_wh: Ints
    variable_cost_micro_per_kwh: Ints
    offer_micro_per_kwh: Ints


class Dispatch(msgspec.Struct, frozen=True):
    """Who runs and what it costs.

    ``dispatched_wh`` and ``rent_nano`` [units, slots]: production, and what it earns above its
    variable cost. ``price_micro_per_kwh`` and ``traded`` [slots]: a slot without trade has no
    price. ``served_wh`` and ``unserved_wh`` [slots] are the inelastic demand met and cut, and
    ``accepted_wh`` [bids] what elastic bids got. ``scarce`` [slots] tells where demand was cut.
    """

    dispatched_wh: Ints
    price_micro_per_kwh: Ints
    traded: Bools
    served_wh: Ints
    unserved_wh: Ints
    accepted_wh: Ints
    rent_nano: Ints

    @property
    def scarce(self) -> Bools:
        """Where demand was cut, so that the price is the cap if anything was served [slots]."""
        return self.unserved_wh > 0


def clear(orders: Orders, slots: int, ties: str = Ties.PRO_RATA) -> Clearing:
    """Clear a book at the system marginal price of every slot; O(n log n).

    What is accepted is that of :func:`gridpact.market.clearing.uniform_price.clear`, as are the
    parameters and errors; only where both sides end exactly is the price another.
    """
    crossing = cross(orders, slots, ties)
    return at_price(orders, crossing, crossing.low)


def dispatch(
    generators: Generators,
    demand_wh: Ints,
    cap_micro_per_kwh: int,
    basis: Basis = Basis.PRICE_OFFER,
    bids: Orders | None = None,
) -> Dispatch:
    """Dispatch generators against demand in every slot; O(n log n) in units × slots and bids.

    Parameters
    ----------
    generators : Generators
        Columns [units, slots].
    demand_wh : int64 [slots]
        Inelastic demand, at least 0.
    cap_micro_per_kwh : int
        Highest price. What a generator asks beyond it is not dispatched, and a bid above it is
        one at it, which shares shortage with inelastic demand pro rata.
    basis : Basis
        What generators are ordered by; rents are above variable cost either way.
    bids : Orders, optional
        Elastic demand; only buy orders.

    Raises
    ------
    ValueError
        A capacity or demand is negative, shapes differ, or a bid is unsound or sells.
    NumberOverflow
        Energy or a rent does not fit 64 bits.
    """
    bids = no_orders() if bids is None else bids
    _check(generators, demand_wh, bids)
    cost, slots = generators.variable_cost_micro_per_kwh, demand_wh.size
    asked = cost if Basis(basis) is Basis.VARIABLE_COST else generators.offer_micro_per_kwh
    wants = _inelastic(demand_wh, cap_micro_per_kwh)
    units = _offers(generators.capacity_wh, asked)
    elastic = np.minimum(bids.limit_micro_per_kwh, cap_micro_per_kwh)
    elastic_bids = msgspec.structs.replace(bids, limit_micro_per_kwh=elastic)
    found = clear(_book(wants, units, elastic_bids), slots)
    at_wants, at_units, at_bids = np.split(
        found.accepted_wh, [wants.count, wants.count + units.count]
    )
    served, dispatched = np.zeros_like(demand_wh), np.zeros_like(generators.capacity_wh)
    served[wants.slot] = at_wants
    dispatched[units.member, units.slot] = at_units
    margin = np.where(dispatched > 0, checked_add(found.price_micro_per_kwh[None, :], -cost), 0)
    return Dispatch(
        dispatched,
        found.price_micro_per_kwh,
        found.traded,
        served,
        demand_wh - served,
        at_bids,
        checked_multiply(dispatched, margin),
    )


def _check(generators: Generators, demand_wh: Ints, bids: Orders) -> None:
    shape = generators.capacity_wh.shape
    costs = generators.variable_cost_micro_per_kwh, generators.offer_micro_per_kwh
    if any(column.shape != shape for column in costs) or shape[1:] != demand_wh.shape:
        raise ValueError("generators must be [units, slots] and demand [slots]")
    if min(generators.capacity_wh.min(initial=0), demand_wh.min(initial=0)) < 0:
        raise ValueError("capacity and demand must not be negative")
    if np.any(bids.side != Side.BUY):
        raise ValueError("elastic demand must be buy orders")


def _inelastic(demand_wh: Ints, cap: int) -> Orders:
    """Orders that pay any price up to the cap, one for each slot that wants energy."""
    slot = np.flatnonzero(demand_wh)
    return _orders(np.zeros_like(slot), slot, Side.BUY, demand_wh[slot], np.full_like(slot, cap))


def _offers(capacity_wh: Ints, asked: Ints) -> Orders:
    unit, slot = np.nonzero(capacity_wh)
    return _orders(unit, slot, Side.SELL, capacity_wh[unit, slot], asked[unit, slot])


def _orders(member: Ints, slot: Ints, side: Side, quantity: Ints, limit: Ints) -> Orders:
    number = np.arange(slot.size, dtype=np.int64)
    return Orders(number, member, slot, np.full_like(number, int(side)), quantity, limit)


def _book(wants: Orders, units: Orders, bids: Orders) -> Orders:
    """Put all orders below each other; ties go by this order, and bids by their own sequence."""
    book = concatenate(concatenate(wants, units), bids)
    own = wants.count + units.count
    sequence = np.arange(book.count, dtype=np.int64)
    sequence[own:][np.argsort(bids.sequence)] = np.arange(own, book.count)
    return msgspec.structs.replace(book, sequence=sequence)
