"""Flexibility on offer and asked for, as columns, and the tender that brings both together.

Direction is a sign: *up* (+1) puts power into the grid or takes less out of it, *down* (−1) the
reverse. A *constraint* is whatever a procurer needs relieved: a feeder, a transformer, the balance
of a control area or of a portfolio.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints, checked_multiply

LARGEST_W = 10_000_000_000
"""10 GW: above it no single offer or need can make the sums of a tender leave 64 bits."""
HIGHEST_PRICE = 1_000_000_000
"""1000 ¤/kW per slot or 1000 ¤/kWh, in millionths: no price or limit lies above."""
PPM = 1_000_000


class Direction(IntEnum):
    """Which way power changes, as a sign: what is fed into the grid is positive."""

    UP = 1
    DOWN = -1


class Offers(msgspec.Struct, frozen=True):
    """Offers as int64 columns, shape [offers].

    ``sequence`` identifies an offer and is unique; ``provider`` is a row of the providers and
    ``location`` a row of the zones. The offer runs from ``first_slot`` for ``duration_slots``
    slots, all of them or none, at between ``least_w`` and ``power_w`` in every one: with a
    ``least_w`` of 0 it is divisible, at ``power_w`` indivisible. From slot to slot the power
    changes by at most ``ramp_w``; 0 holds it constant, and ``power_w`` or more leaves it free. It
    must be told ``notice_s`` before its first slot. ``reservation_micro_per_kw`` is paid for each
    slot, ``activation_micro_per_kwh`` for energy called, in either direction.
    """

    sequence: Ints
    provider: Ints
    location: Ints
    direction: Ints
    first_slot: Ints
    duration_slots: Ints
    power_w: Ints
    least_w: Ints
    ramp_w: Ints
    notice_s: Ints
    reservation_micro_per_kw: Ints
    activation_micro_per_kwh: Ints

    @property
    def count(self) -> int:
        """How many offers there are."""
        return self.sequence.size

    def take(self, rows: Ints | Bools) -> Offers:
        """Return the given rows, by number or by mask."""
        return Offers(*(getattr(self, name)[rows] for name in self.__struct_fields__))


class Requests(msgspec.Struct, frozen=True):
    """What procurers need, as columns, shape [requests]; one per constraint and slot.

    ``procurer`` is a row of the procurers (DSO, TSO, balance responsible party), ``constraint`` a
    row of the tender's sensitivities. ``need_w`` is the relief wanted; below 0 it is headroom
    that what is selected for others may use up. ``limit_micro_per_kw`` is the most that a kW of
    relief in the slot is worth to the procurer: dearer flexibility is not bought.

    A request that is ``exclusive`` (bool) counts only power assigned to it alone, as a portfolio's
    balance does; all other requests count every selected watt by its physical effect, so that a
    watt that helps two grid constraints is bought once.
    """

    sequence: Ints
    procurer: Ints
    constraint: Ints
    slot: Ints
    need_w: Ints
    limit_micro_per_kw: Ints
    exclusive: Bools

    @property
    def count(self) -> int:
        """How many requests there are."""
        return self.sequence.size

    def take(self, rows: Ints | Bools) -> Requests:
        """Return the given rows, by number or by mask."""
        return Requests(*(getattr(self, name)[rows] for name in self.__struct_fields__))


class Tender(msgspec.Struct, frozen=True):
    """When and where flexibility is procured.

    ``decided_at`` [s since the epoch] is when providers are told. ``sensitivity_ppm``
    [constraints, locations] is the relief of a constraint by a watt *up* at a location, at most a
    watt; a watt down has the opposite effect. ``called_ppm`` [slots] is the share of selected
    power that is called as energy: 1_000_000 where flexibility is activated, 0 where it is
    reserved alone, in between where the cost of later activation is to weigh in the choice.
    """

    window: Slots
    decided_at: int
    sensitivity_ppm: Ints
    called_ppm: Ints

    def energy_wh(self, power_w: Ints) -> Ints:
        """Energy called of a selected power [W, ..., slots], rounded half to even [Wh]."""
        called = checked_multiply(self.called_ppm, np.array(self.window.step))
        return muldiv(power_w, called, np.array(3600 * PPM))


def joined(first: Offers, second: Offers) -> Offers:
    """Put the rows of ``second`` below those of ``first``; sequences are left as they are."""
    names = Offers.__struct_fields__
    return Offers(*(np.concatenate([getattr(first, n), getattr(second, n)]) for n in names))
