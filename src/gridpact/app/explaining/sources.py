"""The readings of a run read again: for one line, and value by value with where each came from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from gridpact.app.books.day_files import DayFiles
from gridpact.app.books.folder import found_at
from gridpact.app.books.inputs import owned
from gridpact.app.books.kept import Made
from gridpact.app.books.sharing import share_of
from gridpact.app.books.sources import Source as Readable
from gridpact.app.books.sources import kind_of, source_of
from gridpact.app.explaining.told import Reading, Source, Value
from gridpact.base.slots import Slots
from gridpact.contracts.evaluate import Known
from gridpact.metering.readings import Register
from gridpact.metering.store.reading import Version
from gridpact.metering.store.store import Store
from gridpact.settlement.periods.energy import Inputs, Metered
from gridpact.settlement.periods.rules import Member, Rules
from gridpact.settlement.periods.tracing import alone
from gridpact.settlement.runs.run import Run

MOST_BYTES = 1 << 26
"""Day files of up to so many bytes are hashed again; larger ones take longer than a line should."""


class RunReadings:
    """Readings as a run knew them. Raises BadInput or StoreError where they are not there."""

    def __init__(self, folder: Path, made: Made) -> None:
        self._made, self.rules = made, made.rules
        self._where = found_at(folder, made.readings)
        run, self.step_s = made.run, made.rules.step_s
        self.period = Slots(run.first_s, self.step_s, (run.end_s - run.first_s) // self.step_s)
        self.kind = kind_of(self._where)
        days = self.kind == "day files"
        self._files = DayFiles(Path(self._where), self.rules, self.period) if days else None
        self._store = Store.open(self._where) if self.kind == "store" else None
        self._whole: Inputs | None = None

    def whole(self) -> Inputs:
        """Return what the run was settled on, for all members."""
        if self._whole is None:
            made = self._made
            source = self._files or self._source(self.rules)
            share = share_of(made.sharing[0], self.rules) if made.sharing else None
            self._whole = Inputs(source.read, made.prices, owned(made.own, self.period), share)
        return self._whole

    def one(self, row: int) -> tuple[Rules, Inputs]:
        """Return rules and inputs for one member, as if there were nobody else."""
        rules = alone(self.rules, row)
        source = self._source(rules) if self._files is None else _Row(self._files, row)
        mine = slice(row, row + 1)
        own = {
            name: Known(known.values[mine], known.present[mine])
            for name, known in self._made.own.items()
        }
        return rules, Inputs(source.read, self._made.prices, owned(own, self.period))

    def _source(self, rules: Rules) -> Readable:
        run = self._made.run
        return source_of(self._where, rules, self.period, run.as_of_s, run.commit or None)

    @cached_property
    def told(self) -> Source:
        """Where readings are, with their digest then and now."""
        now = ""
        if self._files is None:
            now = self._source(alone(self.rules, 0)).digest
        elif self._files.size <= MOST_BYTES:
            now = self._files.digest
        return Source(self.kind, self._where, self._made.run.readings, now)

    def of_slots(
        self, row: int, registers: Sequence[Register], slots: Sequence[int]
    ) -> dict[int, tuple[Reading, ...]]:
        """Return what a member's registers counted in slots that begin at some instants."""
        member = self.rules.members[row]
        mine = [each for each in registers if each in member.registers]
        if self._store is not None:
            return {at: tuple(self._stored(self._store, member, mine, at)) for at in slots}
        _, inputs = self.one(row)
        return {at: tuple(self._plain(inputs, mine, at)) for at in slots}

    def _plain(self, inputs: Inputs, registers: Sequence[Register], at: int) -> list[Reading]:
        """Return what a file says of a slot."""
        metered = inputs.metered(Slots(at, self.step_s, 1), slice(0, 1))
        file = Path(self._where) if self._files is None else self._files.file(at)
        values = {"withdrawal": metered.withdrawal_wh, "injection": metered.injection_wh}
        return [
            Reading(register, at, self.step_s, int(values[register][0, 0]), file.name)
            for register in registers
        ]

    def _stored(
        self, store: Store, member: Member, registers: Sequence[Register], at: int
    ) -> list[Reading]:
        """Return the slots of a store that overlap a slot, each with its values."""
        step = store.point(member.point).step_s
        found = store.histories(member.point, registers, Slots(at, self.step_s, 1))
        return [
            _reading(store, (register, start, step), told, self._made.run)
            for (register, start), told in sorted(found.items(), key=lambda each: each[0][::-1])
        ]


class _Row:
    """One member of day files, read alone."""

    def __init__(self, files: DayFiles, row: int) -> None:
        self._files, self._row = files, row

    commit = 0

    @property
    def digest(self) -> str:
        return self._files.digest

    def read(self, slots: Slots, rows: slice) -> Metered:
        return self._files.read(slots, slice(self._row, self._row + 1), most=1)


def _reading(
    store: Store, where: tuple[Register, int, int], told: list[Version], run: Run
) -> Reading:
    """Return a slot of a store: the value that a run knew, those before and since."""
    register, start, step = where
    counted = [version for version in told if version.counted]
    known = [version for version in counted if _known(version, run)]
    values = [_value(store, told, version) for version in counted]
    if not known:
        return Reading(register, start, step, 0, "", since=tuple(values))
    at = len(known) - 1
    return Reading(
        register, start, step, known[-1].wh, values[at].file, values[at],
        replaced=tuple(reversed(values[:at])), since=tuple(values[at + 1 :]),
    )  # fmt: skip


def _known(version: Version, run: Run) -> bool:
    """Tell whether a run knew a value: it was told until then, and not back-dated since."""
    return version.known_s <= run.as_of_s and (not run.commit or version.commit <= run.commit)


def _value(store: Store, told: list[Version], version: Version) -> Value:
    done = next((one for one in store.log.imports if one.number == version.commit), None)
    return Value(
        wh=version.wh,
        mark=version.quality.name.lower(),
        rule=version.rule,
        known_s=version.known_s,
        version=told.index(version) + 1,
        file="" if done is None else done.source,
        sha256="" if done is None else done.digest,
    )
