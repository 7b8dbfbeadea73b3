"""The readings of a run read again: for one line, and value by value with where each came from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from gridpact.app.books.day_files import DayFiles, OneMember
from gridpact.app.books.folder import found_at
from gridpact.app.books.inputs import owned
from gridpact.app.books.kept import Made
from gridpact.app.books.sharing import share_by
from gridpact.app.books.sources import Source as Readable
from gridpact.app.books.sources import kind_of, source_of
from gridpact.app.explaining.told import Reading, Source, Value
from gridpact.app.sharing.rules import SharingFile, read_rules
from gridpact.base.slots import Slots
from gridpact.metering.readings import Register
from gridpact.metering.store.reading import Version
from gridpact.metering.store.store import Store
from gridpact.settlement.periods.energy import Inputs
from gridpact.settlement.periods.rules import Member, Rules
from gridpact.settlement.periods.tracing import alone
from gridpact.settlement.runs.run import Run

MOST_BYTES = 1 << 26
"""Day files of up to so many bytes are hashed again; larger ones take longer than a line should."""


class Where:
    """Where the readings of a run are, opened once for all that is asked of them.

    ``rules`` are those of the run, with one of its members at least.
    Raises BadInput or StoreError where they are not there.
    """

    def __init__(self, folder: Path, run: Run, rules: Rules, readings: str) -> None:
        self.address = found_at(folder, readings)
        self.run, self._rules, self.step_s = run, rules, rules.step_s
        self.period = Slots(run.first_s, self.step_s, (run.end_s - run.first_s) // self.step_s)
        self.kind = kind_of(self.address)
        days = self.kind == "day files"
        self.files = DayFiles(Path(self.address), rules, self.period) if days else None
        self.store = Store.open(self.address) if self.kind == "store" else None

    def source(self, rules: Rules, row: int | None = None) -> Readable:
        """Return the readings of some members; ``row`` is where files have those of one."""
        if self.files is not None and row is not None:
            return OneMember(self.files, rules, self.period, row)
        run = self.run
        return source_of(self.address, rules, self.period, run.as_of_s, run.commit or None)

    @cached_property
    def told(self) -> Source:
        """Where readings are, with their digest then and now."""
        now = ""
        if self.files is None:
            now = self.source(alone(self._rules, 0)).digest
        elif self.files.size <= MOST_BYTES:
            now = self.files.digest
        return Source(self.kind, self.address, self.run.readings, now)


class RunReadings:
    """Readings of all members as a run knew them; raises as :class:`Where`."""

    def __init__(self, folder: Path, made: Made) -> None:
        self._made = made
        self.where = Where(folder, made.run, made.rules, made.readings)
        self.period = self.where.period

    def whole(self) -> Inputs:
        """Return what the run was settled on, for all members."""
        made = self._made
        source = self.where.source(made.rules)
        share = share_by(self.sharing, made.rules) if self.sharing else None
        return Inputs(source.read, made.prices, owned(made.own, self.period), share)

    @cached_property
    def sharing(self) -> SharingFile | None:
        """The sharing rules of the run, None where nothing was shared."""
        return read_rules(self._made.sharing[0]) if self._made.sharing else None

    @property
    def told(self) -> Source:
        """Where readings are, with their digest then and now."""
        return self.where.told


class MemberReadings:
    """Readings of one member as a run knew them.

    ``made`` is what the run made of the member alone, ``row`` its row in the rules of the run.
    """

    def __init__(self, where: Where, made: Made, row: int) -> None:
        self._where, self.period = where, where.period
        self.rules = alone(made.rules, 0)
        source = where.source(self.rules, row)
        self.inputs = Inputs(source.read, made.prices, owned(made.own, where.period))

    def of_slots(
        self, registers: Sequence[Register], slots: Sequence[int]
    ) -> dict[int, tuple[Reading, ...]]:
        """Return what the member's registers counted in slots that begin at some instants."""
        member, store = self.rules.members[0], self._where.store
        mine = [each for each in registers if each in member.registers]
        if store is not None:
            return {at: tuple(self._stored(store, member, mine, at)) for at in slots}
        return {at: tuple(self._plain(mine, at)) for at in slots}

    def _plain(self, registers: Sequence[Register], at: int) -> list[Reading]:
        """Return what a file says of a slot."""
        step_s, files = self._where.step_s, self._where.files
        metered = self.inputs.metered(Slots(at, step_s, 1), slice(0, 1))
        file = Path(self._where.address) if files is None else files.file(at)
        values = {"withdrawal": metered.withdrawal_wh, "injection": metered.injection_wh}
        return [
            Reading(register, at, step_s, int(values[register][0, 0]), file.name)
            for register in registers
        ]

    def _stored(
        self, store: Store, member: Member, registers: Sequence[Register], at: int
    ) -> list[Reading]:
        """Return the slots of a store that overlap a slot, each with its values."""
        step = store.point(member.point).step_s
        found = store.histories(member.point, registers, Slots(at, self._where.step_s, 1))
        return [
            _reading(store, (register, start, step), told, self._where.run)
            for (register, start), told in sorted(found.items(), key=lambda each: each[0][::-1])
        ]


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
