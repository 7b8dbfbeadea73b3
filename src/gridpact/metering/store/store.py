"""The store of readings: import, look at any instant's knowledge, compact, and keep for a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints
from gridpact.metering.edge.records import Records
from gridpact.metering.edge.remembered import Remembered
from gridpact.metering.readings import (
    Channel,
    Displays,
    Intervals,
    Readings,
    Register,
    no_displays,
)
from gridpact.metering.slotting import resampled
from gridpact.metering.store import compaction, reading
from gridpact.metering.store.blocks import Words
from gridpact.metering.store.changes import Change, changes
from gridpact.metering.store.compaction import Compacted
from gridpact.metering.store.heads import ATTEMPTS, add_points, begin, read_points
from gridpact.metering.store.log import Commit, Log, Part, Table, name_of, read_log
from gridpact.metering.store.overlay import Overlay
from gridpact.metering.store.places import Place, place_of
from gridpact.metering.store.plan import Plan, Tally
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.publishing import publish, tried_of
from gridpact.metering.store.reading import Version, Window
from gridpact.metering.store.signed import Messages, remembered, write_messages
from gridpact.metering.store.writing import Numbers, remove_parts, write_change, write_commit

Done = TypeVar("Done")


class Stored(NamedTuple):
    """A commit, and what it changed channel by channel."""

    commit: Commit
    plan: Plan


class Store:
    """Readings of metering points, every version of them, in a folder or an object store."""

    def __init__(self, place: Place, points: tuple[MeteringPoint, ...], log: Log) -> None:
        self.url = place.url
        self.points = points
        self.log = log
        self._place = place
        self._by_id = {point.id: point for point in points}

    @classmethod
    def create(cls, url: str, points: Sequence[MeteringPoint]) -> Store:
        """Begin an empty store at a folder or URL; BadInput where there is one already."""
        place = place_of(url)
        begin(place, points)
        return cls.open(url)

    @classmethod
    def open(cls, url: str) -> Store:
        """Open a store; BadInput where there is none, StoreError where it is damaged."""
        place = place_of(url)
        return cls(place, read_points(place), read_log(place))

    def add(self, points: Sequence[MeteringPoint]) -> Store:
        """Add metering points, or change their zone, clock and power; BadInput as in ``merged``."""
        return Store(self._place, add_points(self._place, points), self.log)

    def point(self, name: str) -> MeteringPoint:
        """Return a metering point; BadInput where the store has none of that name."""
        if name in self._by_id:
            return self._by_id[name]
        what = "the store has no such metering point"
        raise BadInput([Fault(self.url, 0, name, what, self.hint)])

    @property
    def hint(self) -> str:
        """What to do about a point that the store has not."""
        shown = ", ".join(sorted(self._by_id)[:8]) or "none yet"
        return f"name one of its points: {shown}"

    def plan(self, readings: Readings, known_s: int, recipe: str = "") -> Plan:
        """Tell what :meth:`commit` would change, and change nothing; BadInput as there."""
        already = self.log.imported(readings.digest, recipe)
        tally = Tally(readings, known_s)
        if already is None:
            for change in self._changes(readings, known_s):
                tally.add(change)
        return tally.plan(already)

    def commit(self, readings: Readings, known_s: int, recipe: str = "") -> Commit:
        """Store readings that became known at an instant; they are there whole or not at all.

        The same file again, read by the same ``recipe``, changes nothing and gives its first
        commit. Values that are in force already are not stored again.

        Raises BadInput where a metering point is unknown, or a slot was told another value at the
        same instant; StoreError where the store cannot be written. It is then as before.
        """
        return self.put(readings, known_s, recipe).commit

    def put(
        self, readings: Readings, known_s: int, recipe: str = "", signed: Messages | None = None
    ) -> Stored:
        """Store readings as :meth:`commit` does, and tell what that changed, channel by channel.

        ``signed`` are the messages that brought them, to be remembered; they go by the chains of
        this store, so that they are for work :meth:`together`.
        """
        for _ in range(ATTEMPTS):
            if already := self.log.imported(readings.digest, recipe):
                plan = Tally(readings, known_s).plan(already)
                return Stored(Commit(number=already.number, imports=(already,), parts=()), plan)
            done = self._tried(readings, known_s, recipe, signed)
            if done is not None:
                return done
        raise StoreError(f"store {self.url}: others keep writing to it; try again")

    def _tried(
        self, readings: Readings, known_s: int, recipe: str, signed: Messages | None
    ) -> Stored | None:
        """Write a commit and read the index again; None where another writer was first."""
        seen = self.log
        try:
            done = self._written(readings, known_s, recipe, signed)
        except StoreError:
            self.log = read_log(self._place)
            if self.log.folded == seen.folded:
                raise
            return None  # parts that it was to read were merged into others
        self.log = read_log(self._place)
        return done if done and self._stands(done.commit) else None

    def _stands(self, commit: Commit) -> bool:
        """Tell whether a commit that was written is in the index as it is now; else remove it."""
        first = commit.imports[0]
        if commit.number > self.log.folded or self.log.imported(first.digest, first.recipe):
            return True
        # the index was folded beyond the number that it took, which nobody reads any more
        self._place.remove(name_of(commit.number))
        remove_parts(self._place, commit.parts)
        return False

    def remembered(self, records: Records) -> Remembered:
        """Return the messages of devices that signed readings are to be held against."""
        return remembered(self._place, self.log, self.points, records)

    def until(self, number: int) -> Store:
        """Return the store to read from as it was after an import, whatever was told since."""
        imports = tuple(one for one in self.log.imports if one.number <= number)
        log = msgspec.structs.replace(self.log, imports=imports, until=number)
        return Store(self._place, self.points, log)

    def trial(self) -> Store:
        """Return a store like this one whose commits are kept in memory only."""
        return Store(Overlay(self._place), self.points, self.log)

    def together(self, work: Callable[[Store], Done]) -> Done:
        """Do work that commits to a trial of the store, then store all of it as one commit.

        Where anything is raised, nothing is stored. The work is done anew where another writer was
        first, so that it goes by what that one stored.
        """
        for _ in range(ATTEMPTS):
            seen, trial = self.log, Overlay(self._place)
            try:
                done = work(Store(trial, self.points, self.log))
                if self._published(trial):
                    return done
            except StoreError:
                self.log = read_log(self._place)
                if self.log.folded == seen.folded:
                    raise  # else parts that it was to read were merged into others
        raise StoreError(f"store {self.url}: others keep writing to it; try again")

    def _published(self, trial: Overlay) -> bool:
        """Store what was committed to a trial; False where another writer was first."""
        points = tuple(one for one in read_points(trial) if one not in self.points)
        if points:
            self.points = self.add(points).points
            self._by_id = {point.id: point for point in self.points}
        tried = tried_of(trial)
        if not tried:
            return True
        commit = publish(trial, tried, self.log)
        self.log = read_log(self._place)
        return commit is not None and self._stands(commit)

    def _written(
        self, readings: Readings, known_s: int, recipe: str, signed: Messages | None
    ) -> Stored | None:
        """Write a commit; None where another writer was first, and nothing is left of this one."""
        numbers, parts = Numbers(self.log.last + 1, self.log.last_import + 1), list[Part]()
        tally = Tally(readings, known_s)
        written = False
        try:
            for change in self._changes(readings, known_s):
                tally.add(change)
                if not tally.faults:
                    parts += write_change(self._place, change, known_s, numbers)
            imported = tally.imported(numbers.of_import, recipe)
            if signed is not None:
                parts += write_messages(self._place, signed, self._by_id, known_s, numbers)
            commit = Commit(
                number=numbers.commit,
                imports=(imported,),
                parts=tuple(parts),
                chains=signed.chains if signed else (),
            )
            written = write_commit(self._place, commit)
        finally:
            if not written:
                remove_parts(self._place, parts)
        return Stored(commit, tally.plan(None)) if written else None

    def _changes(self, readings: Readings, known_s: int) -> Iterator[Change]:
        return changes(self._place, self.log, self.points, readings, known_s)

    def days(self, *tables: Table) -> tuple[str, str] | None:
        """First and last UTC day with rows of some tables, else intervals; None without any."""
        wanted = tables or ("intervals",)
        days = [part.day for part in self.log.parts if part.table in wanted]
        return (min(days), max(days)) if days else None

    def parts(self) -> tuple[str, ...]:
        """Paths or URLs of all parts of intervals, which Polars and DuckDB read directly."""
        found = [part.path for part in self.log.parts if part.table == "intervals"]
        return tuple(f"{self.url}/{path}" for path in found)

    def compact(self) -> Compacted:
        """Merge the parts of each day, fold the index into one file, and remove what is left over.

        Nothing that can be asked of the store changes. To be run while nobody else writes.
        """
        done = compaction.compact(self._place, self.log)
        self.log = read_log(self._place)
        return done

    def retain(self, first_day: str) -> Compacted:
        """Forget all readings of slots and displays before a UTC day, such as ``2024-01-01``."""
        done = compaction.compact(self._place, self.log, first_day)
        self.log = read_log(self._place)
        return done

    def intervals(
        self, channels: Sequence[Channel], slots: Slots, as_of: int | None = None
    ) -> Intervals:
        """Return the values of channels on slots, as known at ``as_of`` [s], or as known now.

        Slots of another length than a point's own are summed or divided, exactly. BadInput where
        a channel is of no point of the store.
        """
        found = [
            (rows, resampled(self._window(part, slots, as_of), slots.step))
            for rows, part in self._grouped(channels)
        ]
        return _assembled(tuple(channels), slots, found)

    def metered(
        self,
        channels: Sequence[Channel],
        slots: Slots,
        as_of: int,
        without: Collection[int] = (),
    ) -> Intervals:
        """Return what was told of channels as :meth:`intervals` does, but for estimates.

        Also what imports of some numbers told is left out.
        """
        found = []
        for rows, part in self._grouped(channels):
            window = Window(self.point(part[0].point).community, part, slots)
            read = reading.intervals_of(
                self._place, self.log, window, as_of, reading.Left(frozenset(without))
            )
            found.append((rows, read))
        return _assembled(tuple(channels), slots, found)

    def _window(self, channels: tuple[Channel, ...], slots: Slots, as_of: int | None) -> Intervals:
        point = self.point(channels[0].point)
        step = point.step_s
        start, end = slots.start // step * step, -(-slots.end // step) * step
        own = Slots(start, step, (end - start) // step)
        window = Window(point.community, channels, own)
        return reading.intervals_of(self._place, self.log, window, as_of)

    def _grouped(
        self, channels: Sequence[Channel]
    ) -> Iterator[tuple[list[int], tuple[Channel, ...]]]:
        """Split channels by the community and step of their points, with their rows."""
        groups: dict[tuple[str, int], list[int]] = {}
        for row, channel in enumerate(channels):
            point = self.point(channel.point)
            groups.setdefault((point.community, point.step_s), []).append(row)
        for rows in groups.values():
            yield rows, tuple(channels[row] for row in rows)

    def versions(self, channel: Channel, slot: int) -> list[Version]:
        """Return all values of the slot that begins at an instant, in order of becoming known."""
        point = self.point(channel.point)
        if slot % point.step_s:
            fix = f"give the beginning of a slot of {point.step_s} s"
            raise BadInput([Fault("arguments", 0, "slot", "no slot begins then", fix)])
        window = Window(point.community, (channel,), Slots(slot, point.step_s, 1))
        return reading.versions_of(self._place, self.log, window)

    def histories(
        self, point: str, registers: Sequence[Register], slots: Slots
    ) -> dict[tuple[Register, int], list[Version]]:
        """Return all values of a point's slots that overlap a window, as :meth:`versions` does.

        They are by register and begin of the slot; slots without any are left out.
        """
        known = self.point(point)
        channels = tuple(Channel(point, register) for register in registers)
        step = known.step_s
        start, end = slots.start // step * step, -(-slots.end // step) * step
        window = Window(known.community, channels, Slots(start, step, (end - start) // step))
        found = reading.histories_of(self._place, self.log, window)
        return {(registers[row], at): told for (row, at), told in found.items()}

    def displays(
        self, channels: Sequence[Channel], slots: Slots, as_of: int | None = None
    ) -> Displays:
        """Return the displays read within slots, both ends included, as known at ``as_of`` [s]."""
        whole = no_displays(tuple(channels))
        for rows, part in self._grouped(channels):
            window = Window(self.point(part[0].point).community, part, slots)
            found = reading.displays_of(self._place, self.log, window, as_of)
            whole = _with(whole, found, np.array(rows, dtype=np.int64))
        return whole


def _assembled(
    channels: tuple[Channel, ...], slots: Slots, found: list[tuple[list[int], Intervals]]
) -> Intervals:
    """Put readings of groups of channels, with their rows, on the same slots."""
    shape = (len(channels), slots.count)
    words = Words(("",))
    wh, quality = np.zeros(shape, np.int64), np.zeros(shape, np.int8)
    rule = np.zeros(shape, np.int16)
    for rows, part in found:
        here, there = overlap(slots, part.slots)
        place = np.ix_(np.array(rows, dtype=np.int64), np.arange(slots.count)[here])
        wh[place], quality[place] = part.wh[:, there], part.quality[:, there]
        rule[place] = words.numbers(part.rules)[part.rule[:, there]]
    return Intervals(channels, slots, wh, quality, rule, tuple(words.words))


def _with(whole: Displays, part: Displays, rows: Ints) -> Displays:
    """Add displays of some channels, whose rows are given, in the order of channels."""
    channel = np.concatenate((whole.channel, rows[part.channel]))
    order = np.argsort(channel, kind="stable")
    meter = (*whole.meter, *part.meter)
    return Displays(
        whole.channels,
        channel[order],
        np.concatenate((whole.at_s, part.at_s))[order],
        np.concatenate((whole.reading_wh, part.reading_wh))[order],
        tuple(meter[row] for row in order),
    )
