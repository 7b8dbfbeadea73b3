"""Chains of devices as an index of a store keeps them: which sequences came, and how they ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

Key: TypeAlias = tuple[str, bytes]
"""A chain: its metering point and the device's public key."""


class Run(msgspec.Struct, frozen=True, order=True, array_like=True):
    """Sequences ``first`` to ``last`` without a gap; their slots lie in [``from_s``, ``to_s``)."""

    first: int
    last: int
    from_s: int
    to_s: int


class Chain(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a device's chain stands: its runs in order, and the end of the last one.

    ``digest`` and ``end_s`` are of the reading with the last sequence. The device ``forked`` where
    it signed two readings of one sequence, and its clock ``went_back`` where slots overlap: new
    readings are then held against all that came before.
    """

    point: str
    device: bytes
    digest: bytes
    end_s: int
    runs: tuple[Run, ...]
    forked: bool = False
    went_back: bool = False

    @property
    def key(self) -> Key:
        """The chain's point and device."""
        return self.point, self.device

    @property
    def sequence(self) -> int:
        """Last sequence that came."""
        return self.runs[-1].last

    def missing(self) -> tuple[tuple[int, int], ...]:
        """First and last sequence of each gap between readings that came."""
        pairs = zip(self.runs, self.runs[1:], strict=False)
        return tuple((before.last + 1, after.first - 1) for before, after in pairs)


def latest(chains: Iterable[Chain]) -> tuple[Chain, ...]:
    """Return each chain once, as the last one of it says."""
    found = {chain.key: chain for chain in chains}
    return tuple(found[key] for key in sorted(found))


def joined(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Join runs that follow each other or overlap."""
    found: list[Run] = []
    for run in sorted(runs):
        if found and run.first <= found[-1].last + 1:
            last = found.pop()
            span = (min(last.from_s, run.from_s), max(last.to_s, run.to_s))
            found.append(Run(last.first, max(last.last, run.last), *span))
        else:
            found.append(run)
    return tuple(found)
