"""Every limit of a grid in one list, and how far each is from being reached.

A limit is *beyond* by a signed amount, above 0 where it is not kept: VA for the current of a
branch, millionths of the rated voltage for a node's voltage.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.market.grid.network import Network
from gridpact.market.grid.verification import PPM, PowerFlow, Solution, State, Verification

TRIAL_W = 1_000
"""What a node feeds in on trial, to see what it does to every limit."""


class Kind(IntEnum):
    """What a limit bounds."""

    CURRENT = 0
    LOW_VOLTAGE = 1
    HIGH_VOLTAGE = 2


class Limits(msgspec.Struct, frozen=True):
    """Limits as columns [limits]: a :class:`Kind`, and the row of the branch or node."""

    kind: Ints
    element: Ints


class Linear(NamedTuple):
    """Limits around a state: ``beyond`` [limits, slots] and what a W up does to it.

    ``effect`` is [limits, locations, slots]; ``slots`` and ``locations`` are the rows of the
    state's slots and nodes that were looked at.
    """

    limits: Limits
    slots: Ints
    locations: Ints
    beyond: Floats
    effect: Floats


def limits_of(network: Network) -> Limits:
    """List the limits: branches that have one, then low and high voltage of nodes but the slack."""
    branches = np.flatnonzero(network.limit_w >= 0)
    nodes = np.flatnonzero(np.arange(len(network.nodes)) != network.slack)
    kinds = (Kind.CURRENT, Kind.LOW_VOLTAGE, Kind.HIGH_VOLTAGE)
    counts = (branches.size, nodes.size, nodes.size)
    return Limits(
        np.repeat(np.array(kinds, dtype=np.int64), counts),
        np.concatenate([branches, nodes, nodes]),
    )


def beyond(state: State, found: Solution) -> Floats:
    """How far each limit is beyond [limits, cases]; 0 in cases without a solution."""
    limits, network = limits_of(state.network), state.network
    branch = limits.element[limits.kind == Kind.CURRENT]
    node = limits.element[limits.kind == Kind.LOW_VOLTAGE]
    voltage = found.voltage[node] * PPM
    parts = (
        found.apparent_va[branch] - network.limit_w[branch][:, None],
        state.band.low_ppm - voltage,
        voltage - state.band.high_ppm,
    )
    return np.where(found.solved, np.concatenate(parts), 0.0)


def excess(limits: Limits, found: Verification) -> Ints:
    """How far limits are beyond, in whole units rounded up, 0 where kept [limits, slots]."""
    parts = (found.over_va, found.below_ppm, found.above_ppm)
    return np.concatenate(
        [part[limits.element[limits.kind == kind]] for kind, part in zip(Kind, parts, strict=True)]
    )


def linearised(state: State, power_flow: PowerFlow, locations: Ints, slots: Ints) -> Linear:
    """Try a kW more at every location in every slot, all in one batch of AC power flows.

    A trial that has no solution counts as without effect.
    """
    cases = np.repeat(slots, 1 + locations.size).reshape(slots.size, -1)
    active, reactive = (
        column[:, cases.ravel()].copy() for column in (state.active_w, state.reactive_var)
    )
    trial = np.arange(cases.size).reshape(cases.shape)[:, 1:]
    active[np.broadcast_to(locations, trial.shape), trial] += TRIAL_W
    found = power_flow(state.network, active, reactive)
    values = beyond(state, found).reshape(-1, *cases.shape)
    solved = found.solved.reshape(cases.shape)
    sound = solved[:, :1] & solved[:, 1:]
    effect = np.where(sound, (values[:, :, 1:] - values[:, :, :1]) / TRIAL_W, 0.0)
    limits = limits_of(state.network)
    return Linear(limits, slots, locations, values[:, :, 0], np.swapaxes(effect, 1, 2))
