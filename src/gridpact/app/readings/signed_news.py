"""What a file of signed readings tells a store that it does not know yet."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.app.readings.witness_file import RULE as WITNESSES
from gridpact.app.readings.witness_file import WitnessFile
from gridpact.base.units import Bools
from gridpact.metering.edge.chains import Chain, Key
from gridpact.metering.edge.findings import Finding, Head, Placed
from gridpact.metering.edge.laying import MARKS, LaidReadings
from gridpact.metering.edge.records import Stream
from gridpact.metering.edge.remembered import advanced, by_chain, goes_on, keys_of
from gridpact.metering.edge.statements import Statement
from gridpact.metering.edge.verification import Verified, verify
from gridpact.metering.readings import Intervals, Quality, Readings
from gridpact.metering.store.signed import Messages
from gridpact.metering.store.store import Store

_MISSING, _MEASURED = int(Quality.MISSING), int(Quality.MEASURED)
_SUSPECT, _ESTIMATED = int(Quality.SUSPECT), int(Quality.ESTIMATED)


class Trust(msgspec.Struct, frozen=True):
    """What a file of signed readings is held against.

    ``heads`` are where chains ended before, ``due`` how far they must reach at least.
    """

    statements: tuple[Statement, ...]
    heads: tuple[Head, ...] = ()
    due: tuple[Head, ...] = ()
    witnesses: WitnessFile | None = None


class News(msgspec.Struct, frozen=True):
    """What of a file is new to a store, in whose slots ``whole`` also has what is not.

    ``verified`` has the replays added that the store tells; ``in_force`` are the store's own values
    and ``fresh`` [channels, slots] the slots that a new reading tells.
    """

    verified: Verified
    whole: Intervals
    in_force: Intervals
    fresh: Bools
    messages: Messages
    filled: tuple[tuple[str, int, int], ...]

    def of(self, readings: Readings) -> Readings:
        """Leave out what the store was told before, unless its mark is another one now."""
        read, force = readings.intervals, self.in_force
        rule, before = _named(read), _named(force)
        same = np.asarray(read.wh == force.wh)
        disputed = (read.quality == _SUSPECT) & np.isin(rule, (*MARKS, WITNESSES))
        marked = (force.quality == _MEASURED) & disputed
        ours = (force.quality == _SUSPECT) & np.isin(before, MARKS)
        marked |= ours & (read.quality != _MISSING) & (rule != before)
        quality = np.where(self.fresh | (same & marked), read.quality, np.int8(_MISSING))
        return msgspec.structs.replace(
            readings, intervals=msgspec.structs.replace(read, quality=quality)
        )

    def nothing(self, readings: Readings) -> bool:
        """Tell whether nothing is left of readings, and no message is to be remembered."""
        return not len(self.messages.records) and not np.any(readings.intervals.quality)


def verified_in(store: Store, stream: Stream, trust: Trust) -> Verified:
    """Verify readings, held against what a store remembers of their devices."""
    known = store.remembered(stream.records)
    heads = {(head.point, head.device): head for head in trust.heads}
    chains = {chain.key: chain for chain in store.log.chains}
    for key, rows in by_chain(stream.records):
        if key in chains:
            heads.pop(key, None)  # the store knows better
            if goes_on(chains[key], stream.records[rows]):
                heads[key] = _head(chains[key])
    ends = tuple(heads.values())
    return verify(stream, trust.statements, heads=ends, due=trust.due, known=known)


def news_of(store: Store, verified: Verified, read: LaidReadings, known_s: int) -> News:
    """Hold laid readings against a store: what it does not know, and what it knows better.

    Slots in which the store has since been told another value than readings that it knows keep
    that value, and those readings are replays.
    """
    force = store.intervals(read.intervals.channels, read.intervals.slots, known_s)
    told = (force.quality != _MISSING) & (force.quality != _ESTIMATED)
    since = told & ~read.fresh & (read.intervals.wh != force.wh)
    since &= read.intervals.quality != _MISSING
    replays = tuple(_replays(verified, read.intervals, since))
    sound = verified.sound.copy()
    sound[[each.row for each in replays]] = False
    found = tuple(sorted((*verified.found, *replays)))
    chains = {chain.key: chain for chain in store.log.chains}
    messages = messages_of(verified.placed, chains)
    return News(
        msgspec.structs.replace(verified, sound=sound, found=found),
        _over(read.intervals, force, since),
        force,
        read.fresh,
        messages,
        tuple(_filled(chains, messages.chains)),
    )


def messages_of(placed: Placed, chains: dict[Key, Chain]) -> Messages:
    """Messages that a store is to remember, and all chains of a stream as they then stand."""
    fresh, sides = np.flatnonzero(placed.fresh), placed.sides
    rows = np.concatenate([fresh, sides])
    records, stream = placed.records, placed.records[placed.begin :]
    new = dict(by_chain(records[fresh])) if fresh.size else {}
    forked, back = (set(keys_of(records[rows])) for rows in (sides, np.flatnonzero(placed.back)))
    none = np.zeros(0, np.int64)
    stand = list[Chain]()
    for key, _ in by_chain(stream):
        own = fresh[new.get(key, none)]
        told = (key in forked, key in back)
        chain = advanced(chains.get(key), key, records[own], placed.digest[own], told)
        stand += [chain] if chain is not None else []
    side = np.arange(len(rows)) >= len(fresh)
    return Messages(records[rows], placed.digest[rows], side, tuple(stand))


def _head(chain: Chain) -> Head:
    return Head(chain.point, chain.device, chain.sequence, chain.digest, chain.end_s)


def _named(read: Intervals) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
    """Name of the rule of each slot [channels, slots]."""
    return np.array(read.rules)[read.rule]


def _replays(verified: Verified, read: Intervals, since: Bools) -> Iterator[Finding]:
    """Findings of known readings whose slots the store was told anew [channels, slots]."""
    placed = verified.placed
    rows = {channel.point: row for row, channel in enumerate(read.channels)}
    for row in verified.known:
        body = placed.records["body"][placed.begin + row]
        point, start = body["point"].decode(), int(body["slot_start"])
        column = (start - read.slots.start) // read.slots.step
        if not 0 <= column < read.slots.count or point not in rows:
            continue
        if since[rows[point] - 1 : rows[point] + 1, column].any():
            words = "it was stored before, and its slot was told anew since"
            yield Finding(row, "replay", point, words)


def _over(read: Intervals, force: Intervals, since: Bools) -> Intervals:
    """Put values of the store over readings where it was told anew since."""
    rules = tuple(dict.fromkeys((*read.rules, *force.rules)))
    number = np.array([rules.index(each) for each in force.rules], dtype=np.int16)
    return Intervals(
        read.channels,
        read.slots,
        np.where(since, force.wh, read.wh),
        np.where(since, force.quality, read.quality),
        np.where(since, number[force.rule], read.rule),
        rules,
    )


def _filled(before: dict[Key, Chain], after: tuple[Chain, ...]) -> Iterator[tuple[str, int, int]]:
    """Gaps that were there before and are not any more."""
    for chain in after:
        missing = chain.missing()
        for first, last in before[chain.key].missing() if chain.key in before else ():
            if not any(one <= last and first <= other for one, other in missing):
                yield chain.point, first, last
