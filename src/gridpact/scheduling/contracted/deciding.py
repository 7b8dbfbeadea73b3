"""A plan's choices: what is open to it is read, settled, and put among what agreements ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.community.solve import TOGETHER, solve
from gridpact.scheduling.contracted.asked import around, baseline
from gridpact.scheduling.contracted.baselines import with_baselines
from gridpact.scheduling.contracted.choosing import Place, chosen, frozen, mixed
from gridpact.scheduling.contracted.duties import duties
from gridpact.scheduling.contracted.model import BySlot, Contracts
from gridpact.scheduling.contracted.rights import Asked, Right, rights
from gridpact.scheduling.messages import PlannedChoice
from gridpact.scheduling.operation.in_force import at
from gridpact.scheduling.problem import Problem
from gridpact.scheduling.state import InForce, State

FEW = 1_000
"""Storages × slots up to which all homes are weighed with what may be chosen: beyond, that takes
seconds, and homes whose limits do not bind are apart anyway."""
Choices = tuple[PlannedChoice, ...] | msgspec.UnsetType


Poses = Callable[[State], Problem | None]
"""What a state's problem is, without what is held; None where something is missing."""


class Chooser:
    """Makes choices of one community's members in their name."""

    def __init__(self, community: Community) -> None:
        self._currency = community.currency
        self._members = {name: row for row, name in enumerate(community.members.ids)}

    def __call__(
        self,
        state: State,
        due: tuple[Slots, Slots, int],
        poses: Poses,
        cancelled: Callable[[], bool] | None = None,
    ) -> tuple[State, Choices]:
        """Return a state in which a plan's choices are made, and these.

        ``due`` are the plan's window, its horizon, and when it is asked for [s since the epoch].
        The state is as it was, and choices are unset, where nobody left any to plans. Once
        ``cancelled`` says so, the best that was found so far is taken.
        """
        contracts = state.contracts
        if contracts is None or not contracts.delegated:
            return state, msgspec.UNSET
        asked = asked_of(state.plans, *due)
        found = rights(contracts, self._members, asked, self._currency)
        if not found:
            return state, ()
        bare = contracts
        for one in found:
            slots = asked.horizon.starts()[one.open]
            bare = bare.without_planned((one.agreement, one.version, one.label), slots)
        free = msgspec.structs.replace(state, contracts=bare)
        problem = poses(free)
        if problem is None:
            return state, msgspec.UNSET
        places = self._places(free, found, problem, asked)
        values = chosen(_small(problem, places), places, cancelled)
        made = tuple(_made(one, own, asked) for one, own in zip(found, values, strict=True))
        return planned(state, made, self._members, asked.at), made

    def _places(
        self, state: State, found: Sequence[Right], problem: Problem, asked: Asked
    ) -> list[Place]:
        """Put every right to the home of its author, with what is asked of that home anyway."""
        bare = state.contracts
        assert bare is not None  # noqa: S101 - rights are read from it
        high = [_made(one, one.choice.bounds[1], asked) for one in found]
        counting = planned(state, high, self._members, asked.at).contracts or bare
        places = []
        for one in found:
            home, party = self._members[one.party], one.party
            own = list(duties(bare, {party}, asked.horizon))
            nothing = np.zeros(asked.horizon.count, np.int64)
            given = np.asarray(sum((duty.given_wh for duty in own), nothing), np.int64)
            less = np.asarray(sum((duty.less_wh for duty in own), nothing), np.int64)
            if not one.from_baseline:
                places.append(Place(one, home, given, nothing))
                continue
            rest = problem.load_wh[home] - problem.pv_wh[home]
            base = baseline(counting, party, asked.horizon, rest).net_wh
            places.append(Place(one, home, less, around(base, given)))
        return mixed(places)


def asked_of(plans: tuple[InForce, ...], window: Slots, horizon: Slots, instant: int) -> Asked:
    """Return what a plan is asked for, and where others are in force."""
    covered = [at(plans, slot) is not None for slot in horizon.starts().tolist()]
    return Asked(window, horizon, instant, np.array(covered, np.bool_))


def planned(
    state: State, choices: Sequence[PlannedChoice], members: Mapping[str, int], now: int
) -> State:
    """Return a state that knows what a plan chose; baselines are those of plans before it."""
    before = state.contracts
    if before is None:
        return state
    after = before
    for one in choices:
        after = _with(after, one, now)
    after = with_baselines(before, after, state.plans, members, now)
    return msgspec.structs.replace(state, contracts=after)


def _with(contracts: Contracts, one: PlannedChoice, now: int) -> Contracts:
    signed = contracts.known(one.agreement, one.version)
    if signed is None:
        return contracts
    before = signed.planned.get(one.label, BySlot()).since(now)
    values = before.revised(one.starts, one.values)
    return contracts.with_version(
        msgspec.structs.replace(signed, planned={**signed.planned, one.label: values})
    )


def _made(right: Right, values: Ints, asked: Asked) -> PlannedChoice:
    return PlannedChoice(
        agreement=right.agreement,
        version=right.version,
        label=right.label,
        starts=asked.horizon.starts()[right.open],
        values=np.asarray(values[right.open], np.int64),
    )


def _small(problem: Problem, places: Sequence[Place]) -> Problem:
    """The problem, or one in which only authors' homes may do otherwise than without a choice.

    That is the same choice where homes share nothing that binds; where they do, it is taken for
    problems alone that are too large as a whole.
    """
    size = len(problem.storage.home) * problem.slots.count
    if size <= FEW:
        return problem
    plan = solve(problem)
    if plan.zone_price.any() and size <= TOGETHER:
        return problem
    return frozen(problem, plan.net_wh, sorted({place.home for place in places}))
