"""What a store remembers of devices' chains: which sequences came, and their readings' digests.

Of each chain it keeps runs of sequences, and of every message what was signed and its digest, in
blocks of :data:`BLOCK` sequences. A file that goes on where a chain ended needs its end alone; one
that overlaps what came before, or fills a gap, needs the blocks around.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.edge.chains import Chain, Key, Run, joined
from gridpact.metering.edge.records import HASH_BYTES, RECORD, Digests, Records

BLOCK = 1024
"""Sequences that lie in one part of a store: ten days of quarter-hours."""


class Remembered(msgspec.Struct, frozen=True):
    """Messages that came before, each once, of chains and sequences that are looked at.

    ``records`` have no signatures, which held. ``side`` [messages] is true where the device signed
    another reading of that sequence before, or that reading follows such a one. ``known_s``
    [messages] is when the message became known [s since the epoch].
    """

    records: Records
    digest: Digests
    side: Bools
    known_s: Ints


def nothing_remembered() -> Remembered:
    """No messages."""
    none = np.zeros(0, np.int64)
    digest = np.zeros(0, f"V{HASH_BYTES}")
    return Remembered(np.zeros(0, RECORD), digest, none > 0, none)


def keys_of(records: Records) -> list[Key]:
    """Chain of each reading [readings]."""
    body = records["body"]
    pairs = zip(body["point"].tolist(), body["device"].tolist(), strict=True)
    return [(point.decode(errors="replace"), device) for point, device in pairs]


def by_chain(records: Records) -> Iterator[tuple[Key, Ints]]:
    """Chains of readings, each with its rows in order."""
    names = np.ascontiguousarray(records["body"][["point", "device"]])
    packed = names.astype([("point", "S64"), ("device", "V32")]).view("V96")
    _, first, place = np.unique(packed, return_index=True, return_inverse=True)
    order = np.argsort(place, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(place, minlength=len(first)))[:-1])
    keys = keys_of(records[first])
    return zip(keys, parts, strict=False)


def times(records: Records) -> tuple[Ints, Ints]:
    """Beginning and end of each reading's slot [s since the epoch]."""
    start = records["body"]["slot_start"].astype(np.int64)
    return start, start + records["body"]["step"].astype(np.int64)


def runs_of(records: Records) -> tuple[Run, ...]:
    """Runs of the sequences of one chain's readings."""
    sequence = records["body"]["sequence"].astype(np.int64)
    order = np.argsort(sequence, kind="stable")
    sequence, (start, end) = sequence[order], times(records[order])
    if not sequence.size:
        return ()
    begins = np.flatnonzero(np.r_[True, np.diff(sequence) > 1])
    ends = np.r_[begins[1:], sequence.size] - 1
    since, until = np.minimum.reduceat(start, begins), np.maximum.reduceat(end, begins)
    columns = (sequence[begins], sequence[ends], since, until)
    return tuple(Run(*row) for row in zip(*(c.tolist() for c in columns), strict=True))


def advanced(
    chain: Chain | None, key: Key, fresh: Records, digest: Digests, told: tuple[bool, bool]
) -> Chain | None:
    """Return a chain with fresh readings, None without any; ``digest`` is of the fresh ones.

    ``told`` is whether the device forked now, and whether its clock went back.
    """
    runs = joined((*(chain.runs if chain else ()), *runs_of(fresh)))
    if not runs:
        return chain
    forked, back = told
    if chain is not None:
        forked, back = chain.forked or forked, chain.went_back or back
        if runs[-1].last == chain.sequence:
            return msgspec.structs.replace(chain, runs=runs, forked=forked, went_back=back)
    row = int(np.argmax(fresh["body"]["sequence"].astype(np.int64)))
    _, end = times(fresh[row : row + 1])
    return Chain(*key, bytes(digest[row]), int(end[0]), runs, forked, back)


def goes_on(chain: Chain, records: Records) -> bool:
    """Tell whether readings of a chain only go on after its end, so that no other is needed."""
    sequence, (start, _) = records["body"]["sequence"].astype(np.int64), times(records)
    latest = max(run.to_s for run in chain.runs)
    after = sequence.size and int(sequence.min()) > chain.sequence and int(start.min()) >= latest
    return bool(after) and not (chain.forked or chain.went_back)


def blocks_for(chain: Chain, records: Records) -> set[int] | None:
    """Blocks of a chain's messages that readings of it are to be held against, None for all.

    They are those of the readings' own sequences and of the ends of runs, and all of them where
    times lie across or the device contradicted itself before.
    """
    sequence = records["body"]["sequence"].astype(np.int64)
    runs = chain.runs
    if chain.forked or chain.went_back or _across(chain, records):
        return None
    wanted = {near // BLOCK for each in sequence.tolist() for near in (each - 1, each + 1)}
    wanted |= {run.last // BLOCK for run in runs} | {run.first // BLOCK for run in runs}
    return {number for number in wanted if number >= 0}


def _across(chain: Chain, records: Records) -> bool:
    """Tell whether a reading that no run holds lies in the time of one."""
    sequence, (start, end) = records["body"]["sequence"].astype(np.int64), times(records)
    outside = np.ones(len(records), np.bool_)
    for run in chain.runs:
        outside &= (sequence < run.first) | (sequence > run.last)
    inside = [bool(((start < run.to_s) & (end > run.from_s) & outside).any()) for run in chain.runs]
    return any(inside)


def wanted_blocks(chains: Mapping[Key, Chain], records: Records) -> dict[Key, set[int] | None]:
    """Blocks that readings are to be held against, of each chain that they do not just go on."""
    return {
        key: blocks_for(chains[key], records[rows])
        for key, rows in by_chain(records)
        if key in chains and not goes_on(chains[key], records[rows])
    }
