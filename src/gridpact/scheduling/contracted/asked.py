"""What agreements ask of a plan, as needs of the level of contracts: one for each stretch of time.

A member gives and takes with all that it has, at its own connection. Agreements of one member are
served together: what the first asks for is bound in its name, what all up to the second ask for in
the name of the second, and so on. Reserve is kept by the member's batteries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.contracted.duties import Duty, duties
from gridpact.scheduling.contracted.model import Contracts, name_of
from gridpact.scheduling.contracted.reserve import reserve
from gridpact.scheduling.contracted.said import said, stretches
from gridpact.scheduling.needs.directory import HOME
from gridpact.scheduling.needs.model import Direction, Group, Need, PowerCap, PowerFloor
from gridpact.scheduling.needs.times import Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing.places import Places

HOUR_S = 3600


class Contracted(NamedTuple):
    """What agreements ask of a plan: ``needs``, and names of those of which not all can be said."""

    needs: tuple[Need, ...] = ()
    unsaid: tuple[str, ...] = ()


def contracted(
    places: Places, contracts: Contracts | None, horizon: Slots, rest_wh: Ints | None
) -> Contracted:
    """Return what agreements ask of the slots of a horizon.

    ``rest_wh`` [members, slots] is what members take net with all storage at rest: the baseline
    where nothing was planned yet when something was agreed. None leaves such slots out.

    Not said are single slots that no window of the local clock means, as they begin or end in the
    hour that is shown twice when clocks go back, and reserve of a member without a battery.
    """
    if contracts is None:
        return Contracted()
    members = {name: row for row, name in enumerate(places.community.members.ids)}
    every = [duty for duty in duties(contracts, members, horizon) if not duty.is_empty]
    found, unsaid = list[Need](), dict[str, None]()
    for party in dict.fromkeys(duty.party for duty in every):
        own = [duty for duty in every if duty.party == party]
        rest = None if rest_wh is None else rest_wh[members[party]]
        bounds = list(_bounds(own, baseline(contracts, party, horizon, rest)))
        for need in (*_energy(places, bounds, horizon), *reserve(places, own, horizon)):
            if isinstance(need, str):
                unsaid[need] = None
            else:
                found.append(need)
    return Contracted(tuple(found), tuple(unsaid))


class Baseline(NamedTuple):
    """What a member would take net [slots] Wh, and where that is known."""

    net_wh: Ints
    known: Bools


def baseline(contracts: Contracts, party: str, slots: Slots, rest_wh: Ints | None) -> Baseline:
    """Return what was planned when something was agreed, and elsewhere what is taken at rest."""
    net, known = np.zeros(slots.count, np.int64), np.zeros(slots.count, np.bool_)
    if party in contracts.baseline:
        net, known = contracts.baseline[party].on(slots)
    if rest_wh is None:
        return Baseline(net, known)
    return Baseline(np.where(known, net, rest_wh), np.ones(slots.count, np.bool_))


class _Bound(NamedTuple):
    """What an agreement bounds a party's net energy by [slots] Wh, where it is ``asked``.

    ``least``: it is to take that much or more, else that much or less.
    """

    agreement: str
    party: str
    asked: Bools
    least: bool
    net_wh: Ints


def _bounds(own: Sequence[Duty], base: Baseline) -> Iterator[_Bound]:
    """Yield what one member's agreements bound, one after the other."""
    given = _together([duty.given_wh for duty in own])
    less = _together([duty.less_wh for duty in own])
    whole = around(base.net_wh, np.sum([duty.given_wh for duty in own], axis=0))
    for duty, alone, under in zip(own, given, less, strict=True):
        for way in (1, -1):
            who = duty.agreement, duty.party
            yield _Bound(*who, way * alone > 0, way < 0, -alone)
            yield _Bound(*who, (way * under > 0) & base.known, way < 0, whole - under)


def around(base_wh: Ints, given_wh: Ints) -> Ints:
    """A baseline in which what is given or taken by agreement is there at least."""
    most = np.where(given_wh > 0, np.minimum(base_wh, -given_wh), base_wh)
    return np.where(given_wh < 0, np.maximum(base_wh, -given_wh), most)


def _together(amounts: Sequence[Ints]) -> list[Ints]:
    """What agreements up to each ask for together [slots]; 0 where one adds nothing.

    What goes the other way than the total is netted.
    """
    total = np.sum(amounts, axis=0)
    way, so_far, found = np.sign(total), np.zeros_like(total), list[Ints]()
    for amount in amounts:
        after = np.minimum(so_far + np.maximum(amount * way, 0), np.abs(total))
        found.append(np.where(after > so_far, way * after, 0))
        so_far = after
    return found


def _energy(places: Places, bounds: Sequence[_Bound], horizon: Slots) -> Iterator[Need | str]:
    """Yield needs for bounds on net energy, or the name of one that cannot be said."""
    for bound in bounds:
        name, net_w = name_of(bound.agreement), bound.net_wh * HOUR_S // horizon.step
        for first, end in stretches(bound.asked, net_w):
            for window, begins in said(horizon, (first, end), places.timezone):
                if window is None:
                    yield name
                else:
                    yield _need(bound, int(net_w[first]), window, f"{name}/{begins}")


def _need(bound: _Bound, net_w: int, window: Window, name: str) -> Need:
    """Say a bound on net power, positive when taken, as a cap or a floor in one direction."""
    home, level = Group("zone", (HOME + bound.party,)), Level.CONTRACTS
    most_w = -net_w if bound.least else net_w
    capped, other = (Direction.TAKE, Direction.GIVE)[:: -1 if bound.least else 1]
    if most_w >= 0:
        return PowerCap(
            id=name,
            owner=bound.party,
            subject=home,
            level=level,
            window=window,
            most_w=most_w,
            direction=capped,
        )
    return PowerFloor(
        id=name,
        owner=bound.party,
        subject=home,
        level=level,
        window=window,
        least_w=-most_w,
        direction=other,
    )
