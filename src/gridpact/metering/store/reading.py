"""Readings of a store as they were known at an instant, and the history of one slot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Displays, Intervals, Marks, Quality, Rules
from gridpact.metering.store import rows
from gridpact.metering.store.blocks import Words
from gridpact.metering.store.known import qualities_of, read_part
from gridpact.metering.store.log import Log, Part, days_of, start_of
from gridpact.metering.store.places import Place
from gridpact.metering.store.points import DAY_S

if TYPE_CHECKING:
    import polars as pl

_ESTIMATED, _SUSPECT = int(Quality.ESTIMATED), int(Quality.SUSPECT)


class Told(msgspec.Struct, frozen=True):
    """Rows of intervals, in the order in which they became known; all int64 [rows]."""

    channel: Ints
    slot: Ints
    wh: Ints
    quality: Ints
    rule: Ints
    known_s: Ints
    commit: Ints

    def where(self, which: Bools | Ints) -> Told:
        """Return some of the rows."""
        return Told(*(getattr(self, name)[which] for name in self.__struct_fields__))


class Window(msgspec.Struct, frozen=True):
    """Where readings are to come from: channels of one community on slots of their own step."""

    community: str
    channels: tuple[Channel, ...]
    slots: Slots


def told_in(
    place: Place, log: Log, window: Window, as_of: int | None, words: Words
) -> Iterator[tuple[Slots, Told]]:
    """Yield day by day what was told of a window; slots count from the first of that day."""
    for day in days_of(window.slots.start, window.slots.end):
        parts = log.select("intervals", window.community, [day], as_of)
        if not parts:
            continue
        slots = Slots(start_of(day), window.slots.step, DAY_S // window.slots.step)
        found = [_told(_rows_of(place, log, part), window, slots, words) for part in parts]
        told = Told(*(np.concatenate(each) for each in zip(*map(_columns, found), strict=True)))
        if as_of is not None:
            told = told.where(told.known_s <= as_of)
        yield slots, told.where(np.argsort(told.known_s, kind="stable"))


def _rows_of(place: Place, log: Log, part: Part) -> pl.DataFrame:
    """Read the rows of a part, without those that came with a commit after the last wanted."""
    frame = read_part(place, part)
    return frame if log.until is None else frame.filter(frame["commit"] <= log.until)


def _columns(told: Told) -> tuple[Ints, ...]:
    return tuple(getattr(told, name) for name in told.__struct_fields__)


def _told(frame: pl.DataFrame, window: Window, slots: Slots, words: Words) -> Told:
    channel = rows.channel_rows(frame, window.channels)
    there = np.flatnonzero(channel >= 0)
    if len(there) < frame.height:
        frame, channel = frame[there], channel[there]
    return Told(
        channel,
        (rows.seconds_of(frame["slot_start"]) - slots.start) // slots.step,
        frame["wh"].to_numpy().astype(np.int64),
        qualities_of(frame),
        rows.numbers_of(frame["rule"], words, learn=True),
        rows.seconds_of(frame["known_at"]),
        frame["commit"].to_numpy().astype(np.int64),
    )


class Left(msgspec.Struct, frozen=True):
    """What is left out when readings are read: imports of some numbers, and all estimates."""

    imports: frozenset[int]

    def out_of(self, told: Told) -> Told:
        """Return the rows that remain."""
        gone = np.isin(told.commit, np.array(sorted(self.imports), dtype=np.int64))
        return told.where(np.asarray(~gone & (told.quality != _ESTIMATED)))


def intervals_of(
    place: Place, log: Log, window: Window, as_of: int | None, left: Left | None = None
) -> Intervals:
    """Return the values in force of a window, as known at ``as_of`` [s], or as known now."""
    shape = (len(window.channels), window.slots.count)
    wh, quality = np.zeros(shape, np.int64), np.zeros(shape, np.int8)
    rule, words = np.zeros(shape, np.int16), Words(("",))
    for slots, told in told_in(place, log, window, as_of, words):
        here, there = overlap(window.slots, slots)
        rest = told if left is None else left.out_of(told)
        found = _in_force(rest, (len(window.channels), slots.count))
        wh[:, here], quality[:, here], rule[:, here] = (part[:, there] for part in found)
    return Intervals(window.channels, window.slots, wh, quality, rule, tuple(words.words))


def _in_force(told: Told, shape: tuple[int, int]) -> tuple[Ints, Marks, Rules]:
    """Wh, quality and rule in force [channels, slots] of rows in the order they became known."""
    estimated = told.quality == _ESTIMATED
    last = _last(told, np.flatnonzero(~estimated), shape)
    if estimated.any():
        guess = _last(told, np.flatnonzero(estimated), shape)
        last = np.where(estimate_stands(told, last, guess), guess, last)
    there = last >= 0
    wh, quality, rule = (
        np.where(there, column[last], 0) if len(column) else np.zeros(shape, np.int64)
        for column in (told.wh, told.quality, told.rule)
    )
    return wh, quality.astype(np.int8), rule.astype(np.int16)


def _last(told: Told, row: Ints, shape: tuple[int, int]) -> Ints:
    """Row known last of each channel and slot among some rows, -1 where there is none."""
    found = np.full(shape, -1, np.int64)
    found[told.channel[row], told.slot[row]] = row  # of repeated places numpy keeps the last
    return found


def estimate_stands(told: Told, last: Ints, guess: Ints) -> Bools:
    """Tell where an estimate is in force: nothing was told, or something suspect [any].

    ``last`` and ``guess`` are rows of what was told and estimated last, -1 for none.
    """
    suspect = (last >= 0) & (told.quality[last] == _SUSPECT)
    return np.asarray((guess >= 0) & ((last < 0) | suspect), dtype=np.bool_)


class Version(msgspec.Struct, frozen=True):
    """One value that a slot had or has.

    ``known_s`` is when it became known, or counted ``again`` because what stood before it was found
    suspect; ``commit`` the import that told it. ``counted`` tells whether it counted from then on,
    which an estimate beside a measured value does not, ``until_s`` when it ceased to, and
    ``in_force`` whether it counts now, as one of them does. ``replaced_wh`` is what counted until
    then, None where nothing did or it did not count itself.
    """

    known_s: int
    wh: int
    quality: Quality
    rule: str
    commit: int
    counted: bool = False
    in_force: bool = False
    until_s: int | None = None
    replaced_wh: int | None = None
    again: bool = False


def versions_of(place: Place, log: Log, window: Window) -> list[Version]:
    """Return all values of the one slot of a window with one channel, in order of becoming known.

    A value told again without anything else in between is one version.
    """
    return histories_of(place, log, window).get((0, window.slots.start), [])


def histories_of(place: Place, log: Log, window: Window) -> dict[tuple[int, int], list[Version]]:
    """Return the versions of every slot of a window, by row of the channel and begin of the slot.

    Slots of which nothing was ever told are left out.
    """
    words = Words(("",))
    found: dict[tuple[int, int], list[Version]] = {}
    for slots, told in told_in(place, log, window, None, words):
        wanted = slots.starts()[told.slot]
        inside = (wanted >= window.slots.start) & (wanted < window.slots.end)
        keys = np.stack([told.channel[inside], wanted[inside]], axis=1)
        mine = told.where(inside)
        for channel, start in np.unique(keys, axis=0).tolist():
            own = mine.where((keys == (channel, start)).all(axis=1))
            found[channel, start] = _history(own, words.words)
    return found


def _history(told: Told, words: Sequence[str]) -> list[Version]:
    history = _History(told)
    for row in range(len(told.wh)):
        quality, rule = Quality(int(told.quality[row])), words[int(told.rule[row])]
        told_by = (int(told.known_s[row]), int(told.wh[row]), quality, rule)
        history.tell(row, Version(*told_by, int(told.commit[row])))
    return history.versions


class _History:
    """Versions of one slot, told in the order in which they became known."""

    def __init__(self, told: Told) -> None:
        self.versions: list[Version] = []
        self._told = told
        # rows and places of what was told and of what was estimated last
        self._row, self._last = {False: -1, True: -1}, dict[bool, int]()

    def tell(self, row: int, fresh: Version) -> None:
        """Add what a row told as a version, and what comes into force or ceases to count by it."""
        lane = fresh.quality == Quality.ESTIMATED
        known = self._last.get(lane)
        if known is not None and _same(self.versions[known], fresh):
            return
        before = self._counting()
        self._row[lane], self._last[lane] = row, self._added(fresh)
        now = self._counting()
        if now is None or now == before:
            return
        if now != self._last[lane]:  # of the other lane: it counts again
            again = msgspec.structs.replace(self.versions[now], known_s=fresh.known_s, again=True)
            now = self._last[not lane] = self._added(again)
        was = None if before is None else self.versions[before].wh
        self._change(now, counted=True, in_force=True, until_s=None, replaced_wh=was)
        if before is not None:
            self._change(before, in_force=False, until_s=fresh.known_s)

    def _added(self, version: Version) -> int:
        self.versions.append(version)
        return len(self.versions) - 1

    def _change(self, place: int, **fields: int | bool | None) -> None:
        self.versions[place] = msgspec.structs.replace(self.versions[place], **fields)

    def _counting(self) -> int | None:
        """Place of what counts of what was told and what was estimated last, if there is any."""
        rows = (np.array(self._row[lane]) for lane in (False, True))
        return self._last.get(bool(estimate_stands(self._told, *rows)))


def _same(one: Version, other: Version) -> bool:
    fields = ((each.wh, each.quality, each.rule) for each in (one, other))
    return next(fields) == next(fields)


def displays_of(place: Place, log: Log, window: Window, as_of: int | None) -> Displays:
    """Return the displays of a window as known at ``as_of`` [s], or as known now.

    They come in the order of channels and instants.
    """
    frames: list[pl.DataFrame] = []
    for day in days_of(window.slots.start, window.slots.end):
        parts = log.select("displays", window.community, [day], as_of)
        frames += [_rows_of(place, log, part) for part in parts]
    columns = _displays(frames, window, as_of)
    return Displays(window.channels, *columns[:3], columns[3])


def _displays(
    frames: Iterable[pl.DataFrame], window: Window, as_of: int | None
) -> tuple[Ints, Ints, Ints, tuple[str, ...]]:
    latest: dict[tuple[int, int, str], tuple[int, int]] = {}
    for frame in frames:
        channel = rows.channel_rows(frame, window.channels).tolist()
        at, known = (
            rows.seconds_of(frame["at"]).tolist(),
            rows.seconds_of(frame["known_at"]).tolist(),
        )
        meters, values = frame["meter"].to_list(), frame["reading_wh"].to_list()
        for row, second, since, meter, value in zip(
            channel, at, known, meters, values, strict=True
        ):
            inside = row >= 0 and window.slots.start <= second <= window.slots.end
            if inside and (as_of is None or since <= as_of):
                key = (row, second, meter)
                latest[key] = max(latest.get(key, (since, value)), (since, value))
    keys = sorted(latest)
    columns = (
        [row for row, _, _ in keys],
        [at for _, at, _ in keys],
        [latest[key][1] for key in keys],
    )
    whole = tuple(np.array(column, dtype=np.int64) for column in columns)
    return whole[0], whole[1], whole[2], tuple(meter for _, _, meter in keys)
