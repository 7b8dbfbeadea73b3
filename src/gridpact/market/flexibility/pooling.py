"""Prosumers and aggregators: offers are assigned to aggregators, pooled, and shared out again.

A pool is one offer to the procurers; inside, every member keeps its identity: power is shared
pro rata to the power offered, payments pro rata to what each asked for its share, both to the
last unit. The pool's price is the mean of its members' asks plus the aggregator's fee.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import largest_remainder, muldiv
from gridpact.base.units import INT64_MAX, Bools, Ints, checked_multiply, checked_sum
from gridpact.market.flexibility.offers import PPM, Offers
from gridpact.market.flexibility.selection import Accounts


class Aggregators(msgspec.Struct, frozen=True):
    """Who pools: the fee on top of members' asks [ppm, aggregators], and where.

    ``serves`` [aggregators, locations] tells where an aggregator takes members; ``smallest_w``
    [aggregators] is the least offer it takes.
    """

    fee_ppm: Ints
    serves: Bools
    smallest_w: Ints


class Pools(msgspec.Struct, frozen=True):
    """Pooled offers and who is in them.

    ``offers`` [pools] are the offers as procurers see them, with the aggregators as providers and
    the lowest sequence of a pool's members as its own. ``pool`` [members' offers] is the row of
    the pool that an offer is in, -1 for none. ``fee_ppm`` [pools].
    """

    offers: Offers
    pool: Ints
    fee_ppm: Ints


class Shares(msgspec.Struct, frozen=True):
    """What comes through a pool: int64, members' offers in their rows.

    ``power_w`` [offers, slots]; ``earned_nano`` [offers]; ``fee_nano`` [pools]. A pool's payment
    is its fee plus what its members earn.
    """

    power_w: Ints
    earned_nano: Ints
    fee_nano: Ints


def choose_aggregators(offers: Offers, aggregators: Aggregators) -> Ints:
    """Row of the aggregator that each offer goes to [offers], -1 where none takes it.

    The rule of choice is the lowest fee among those that serve the location and take an offer of
    that size; of equal fees the lower row.
    """
    serves = aggregators.serves[:, offers.location]
    takes = serves & (offers.power_w >= aggregators.smallest_w[:, None])
    if not aggregators.fee_ppm.size:
        return np.full(offers.count, -1, dtype=np.int64)
    fee = np.where(takes, aggregators.fee_ppm[:, None], INT64_MAX)
    return np.where(takes.any(axis=0), np.argmin(fee, axis=0), -1)


def pool(offers: Offers, aggregator: Ints, aggregators: Aggregators) -> Pools:
    """Pool the offers of each aggregator that agree in location, direction and window.

    ``aggregator`` [offers] is the row of each offer's aggregator, -1 for none. A pool's bounds are
    such that any power and profile within them, shared pro rata, is within every member's own:
    its least power and ramp are those of the member that is most restricted, and its notice the
    longest. So members of like restrictions are best pooled.
    """
    inside = np.flatnonzero(aggregator >= 0)
    own = offers.take(inside)
    key = np.stack(
        [aggregator[inside], own.location, own.direction, own.first_slot, own.duration_slots]
    )
    groups, member_of = np.unique(key, axis=1, return_inverse=True)
    member_of = member_of.reshape(-1)
    pooled = _pooled(own, member_of, groups, aggregators.fee_ppm[groups[0]])
    row = np.full(offers.count, -1, dtype=np.int64)
    row[inside] = member_of
    return Pools(pooled, row, aggregators.fee_ppm[groups[0]])


def _pooled(own: Offers, member_of: Ints, groups: Ints, fee_ppm: Ints) -> Offers:
    count = groups.shape[1]
    power = _summed(member_of, own.power_w, count)
    whole = power[member_of]
    # a member's share of P is at least floor(P × own ÷ whole), and moves by 1 W more than P does
    least = -(-checked_multiply(own.least_w, whole) // own.power_w)
    slack = checked_multiply(np.maximum(np.minimum(own.ramp_w, own.power_w) - 1, 0), whole)
    ramp = np.where(own.ramp_w >= own.power_w, whole, slack // own.power_w)
    asks = (own.reservation_micro_per_kw, own.activation_micro_per_kwh)
    reservation, activation = (
        _with_fee(_mean(member_of, own.power_w, ask, power), fee_ppm) for ask in asks
    )
    return Offers(
        _extreme(np.minimum, member_of, own.sequence, count, INT64_MAX),
        groups[0],
        groups[1],
        groups[2],
        groups[3],
        groups[4],
        power,
        _extreme(np.maximum, member_of, least, count, 0),
        _extreme(np.minimum, member_of, ramp, count, INT64_MAX),
        _extreme(np.maximum, member_of, own.notice_s, count, 0),
        reservation,
        activation,
    )


def share_out(offers: Offers, pools: Pools, power_w: Ints, accounts: Accounts) -> Shares:
    """Hand a selection of pools [pools, slots] and its payments down to the members' offers.

    Power is shared by largest remainder per slot. From the pool's payment the fee is taken,
    rounded half to even; the rest is shared in proportion to what members asked for their power,
    by cumulative rounding, so that nothing is lost.
    """
    power = np.zeros((offers.count, power_w.shape[1]), dtype=np.int64)
    earned = np.zeros(offers.count, dtype=np.int64)
    fees = np.zeros(pools.offers.count, dtype=np.int64)
    total = checked_sum(accounts.paid_nano, axis=0)
    order = np.lexsort((offers.sequence, pools.pool))
    begins = np.searchsorted(pools.pool[order], np.arange(pools.offers.count + 1))
    for row in np.flatnonzero(power_w.any(axis=1)).tolist():
        members = order[begins[row] : begins[row + 1]]
        weights = np.repeat(offers.power_w[members][:, None], power_w.shape[1], axis=1)
        power[members] = largest_remainder(power_w[row], weights)
        fee = muldiv(total[row : row + 1], pools.fee_ppm[row], PPM + pools.fee_ppm[row])
        fees[row] = fee[0]
        energy = np.sum(accounts.energy_wh[row])
        weight = _asked(offers, members, power[members], int(energy), int(power_w[row].sum()))
        earned[members] = _divided(int(total[row] - fee[0]), weight)
    return Shares(power, earned, fees)


def _asked(offers: Offers, members: Ints, power_w: Ints, energy_wh: int, watts: int) -> list[int]:
    """What members asked for their watts, scaled by the pool's watts: exact Python integers.

    A member's energy is the part of the pool's energy that its watts are of the pool's watts.
    """
    own = power_w.sum(axis=1).tolist()
    reserved = offers.reservation_micro_per_kw[members].tolist()
    activated = offers.activation_micro_per_kwh[members].tolist()
    return [
        w * (watts * r + energy_wh * a) for w, r, a in zip(own, reserved, activated, strict=True)
    ]


def _divided(total: int, weights: list[int]) -> list[int]:
    """Divide a total by weights in whole units, by cumulative rounding down."""
    whole = sum(weights)
    if not whole:
        weights, whole = [1] * len(weights), len(weights)
    parts, upto, given = [], 0, 0
    for weight in weights:
        upto += weight
        until = total * upto // whole
        parts.append(until - given)
        given = until
    return parts


def _summed(group: Ints, values: Ints, count: int) -> Ints:
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, group, values)
    return total


def _mean(group: Ints, weight: Ints, values: Ints, whole: Ints) -> Ints:
    """Weighted mean by group, rounded up."""
    return -(-_summed(group, checked_multiply(weight, values), whole.size) // whole)


def _with_fee(price: Ints, fee_ppm: Ints) -> Ints:
    return -(-checked_multiply(price, PPM + fee_ppm) // PPM)


def _extreme(of: np.ufunc, group: Ints, values: Ints, count: int, start: int) -> Ints:
    found = np.full(count, start, dtype=np.int64)
    of.at(found, group, values)
    return found
