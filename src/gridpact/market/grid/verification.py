"""Limits checked against a full (AC) power flow, whoever computes it.

Trade keeps limits in linearised flow, without losses, reactive power and voltages. What remains
to be seen is whether currents and voltages keep theirs: a :class:`PowerFlow` computes both, and
:func:`verify` tells every limit that is not kept.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.units import Bools, Floats, Ints
from gridpact.market.grid.network import Network

PPM = 1_000_000
TOLERANCE = 1e-3
"""In VA and in millionths of the rated voltage: what iterations leave is no violation."""


class Solution(msgspec.Struct, frozen=True):
    """An AC power flow; columns are cases, such as slots.

    ``apparent_va`` [branches, cases] is √3 times rated voltage times current, at the end where it
    is greater; ``voltage`` [nodes, cases] is in parts of the rated one. Where not ``solved``
    [cases] the case has no solution, as when a voltage collapses, and its columns mean nothing.
    """

    apparent_va: Floats
    voltage: Floats
    solved: Bools


class PowerFlow(Protocol):
    """Computes AC power flows."""

    def __call__(self, network: Network, active_w: Ints, reactive_var: Ints) -> Solution:
        """Solve every case.

        ``active_w`` and ``reactive_var`` [nodes, cases] are what each node feeds in, negative
        where it draws; the slack holds the network's ``slack_voltage`` and supplies the rest.
        """
        ...


class Band(msgspec.Struct, frozen=True):
    """Bounds of a node's voltage in millionths of the rated one; EN 50160 has ±10 %."""

    low_ppm: int = 900_000
    high_ppm: int = 1_100_000


class State(msgspec.Struct, frozen=True):
    """What is fed into a grid [nodes, slots], in W and var, and the band voltages must keep."""

    network: Network
    active_w: Ints
    reactive_var: Ints
    band: Band = Band()


class Verification(msgspec.Struct, frozen=True):
    """How every limit fares, int64 unless another type is given.

    ``apparent_va`` and ``over_va`` [branches, slots]: the flow, and what of it is beyond the
    limit. ``voltage_ppm``, ``below_ppm`` and ``above_ppm`` [nodes, slots]: the voltage, and what
    it lacks or has too much of. Excesses are rounded up, so that 0 means kept. Where a slot is not
    ``solved`` (bool) nothing is known of it: its columns are 0 and its limits are not kept.
    """

    apparent_va: Ints
    over_va: Ints
    voltage_ppm: Ints
    below_ppm: Ints
    above_ppm: Ints
    solved: Bools

    @property
    def clean(self) -> Bools:
        """Tell of each slot whether every limit is kept."""
        over = self.over_va.any(axis=0) | self.below_ppm.any(axis=0) | self.above_ppm.any(axis=0)
        kept: Bools = self.solved & ~over
        return kept


def verify(state: State, power_flow: PowerFlow) -> Verification:
    """Solve the AC power flow of every slot and hold it against the limits."""
    found = power_flow(state.network, state.active_w, state.reactive_var)
    return judged(state, found)


def judged(state: State, found: Solution) -> Verification:
    """Hold a solution against the limits."""
    limit = state.network.limit_w[:, None]
    apparent = np.where(found.solved, found.apparent_va, 0.0)
    voltage = np.where(found.solved, found.voltage, 0.0) * PPM
    low, high = state.band.low_ppm, state.band.high_ppm
    return Verification(
        np.rint(apparent).astype(np.int64),
        np.where(limit < 0, 0, _excess(apparent - limit)),
        np.rint(voltage).astype(np.int64),
        np.where(found.solved, _excess(low - voltage), 0),
        np.where(found.solved, _excess(voltage - high), 0),
        found.solved,
    )


def watts(energy_wh: Ints, step_s: int) -> Ints:
    """Mean power of energies of slots, rounded half to even [W]."""
    return muldiv(energy_wh, np.array(3600), np.array(step_s))


def _excess(beyond: Floats) -> Ints:
    return np.maximum(np.ceil(beyond - TOLERANCE), 0).astype(np.int64)
