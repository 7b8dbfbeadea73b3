"""The index of a store: one small file a commit, which makes the parts that it lists visible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import count
from typing import Literal

import msgspec

from gridpact.base.errors import StoreError
from gridpact.metering.edge.chains import Chain, latest
from gridpact.metering.store.places import Place
from gridpact.metering.store.points import DAY_S

FORMAT = 1
FOLDER = "commits"
_EPOCH = date(1970, 1, 1)

Table = Literal["intervals", "displays", "confirmed", "signed"]


class Part(msgspec.Struct, frozen=True, order=True):
    """One Parquet file: rows of one table, community and UTC day.

    In place of a day, signed messages have the number of a block of their sequences.
    ``known_from`` and ``known_to`` [s since the epoch] are when the first and the last of its rows
    became known; ``sha256`` is of the file.
    """

    table: Table
    community: str
    day: str
    path: str
    rows: int
    size: int
    sha256: str
    known_from: int
    known_to: int


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What one import brought.

    ``digest`` is the SHA-256 of the file, ``recipe`` of all that decided how it was read.
    ``new``, ``corrected`` and ``same`` count values of slots and displays: not known before,
    replacing another one, and as they were known. ``forgotten`` says that the store was told to
    forget some of it, so that the file may be imported again.
    """

    number: int
    source: str
    digest: str
    recipe: str
    known_s: int
    new: int = 0
    corrected: int = 0
    same: int = 0
    forgotten: bool = False


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the index.

    ``imports`` and ``parts`` are what it adds or, where it ``replaces`` all before, what is left.
    Files that are stored together are several imports of one commit, each with a number of its own.
    ``chains`` of signed readings are those that it changes, as they then stand.
    """

    format: int = FORMAT
    number: int
    imports: tuple[Imported, ...]
    parts: tuple[Part, ...]
    chains: tuple[Chain, ...] = ()
    replaces: bool = False


class Log(msgspec.Struct, frozen=True):
    """The index as it was read: the number of the last commit, its imports, parts and chains.

    ``folded`` is the number of the commit that replaces all before it, 0 where none does. Readings
    that came with imports after ``until`` are left out, None for none.
    """

    last: int
    imports: tuple[Imported, ...]
    parts: tuple[Part, ...]
    folded: int = 0
    chains: tuple[Chain, ...] = ()
    until: int | None = None

    def imported(self, digest: str, recipe: str) -> Imported | None:
        """Return the import of a file that was read in the same way, if all of it is there."""
        found = (one for one in self.imports if (one.digest, one.recipe) == (digest, recipe))
        return next((one for one in found if not one.forgotten), None)

    @property
    def last_import(self) -> int:
        """Number that all imports so far are up to, and none of those to come."""
        return max(self.last, *(one.number for one in self.imports), 0)

    def known_last(self) -> int:
        """Instant at which the latest import became known [s since the epoch], 0 without any."""
        return max((one.known_s for one in self.imports), default=0)

    def select(
        self, table: Table, community: str, days: Sequence[str], as_of: int | None = None
    ) -> list[Part]:
        """Return the parts of a table for some days that hold what was known at an instant."""
        wanted = set(days)
        return [
            part
            for part in self.parts
            if part.table == table
            and part.community == community
            and part.day in wanted
            and (as_of is None or part.known_from <= as_of)
        ]


def name_of(number: int) -> str:
    """Name of the file of a commit."""
    return f"{FOLDER}/{number:08d}.json"


def read_log(place: Place) -> Log:
    """Read the index of a store; StoreError where a file of it is damaged or missing."""
    numbers = sorted(_numbers(place))
    while True:
        try:
            return _log(place, numbers)
        except StoreError:
            before, numbers = numbers, sorted(_numbers(place))
            if numbers == before:  # else somebody folded the index meanwhile
                raise


def _log(place: Place, numbers: Sequence[int]) -> Log:
    found = [read_commit(place, name_of(number)) for number in numbers]
    begin = max((at for at, one in enumerate(found) if one.replaces), default=0)
    kept = found[begin:]
    _check_numbers(place, kept)
    return Log(
        kept[-1].number if kept else 0,
        tuple(each for one in kept for each in one.imports),
        tuple(each for one in kept for each in one.parts),
        kept[0].number if kept and kept[0].replaces else 0,
        latest(each for one in kept for each in one.chains),
    )


def _numbers(place: Place) -> Iterator[int]:
    for name in place.names(FOLDER):
        stem, _, kind = name.rpartition("/")[2].partition(".")
        if kind == "json" and stem.isdigit():
            yield int(stem)


def _check_numbers(place: Place, kept: Sequence[Commit]) -> None:
    """Raise where a commit lacks, so that readings are missed and not taken for none."""
    if not kept:
        return
    first = kept[0].number if kept[0].replaces else 1
    for commit, number in zip(kept, count(first), strict=False):
        if commit.number != number:
            raise damaged(place, name_of(number), "it is missing")


def read_commit(place: Place, name: str) -> Commit:
    """Read a file of the index; StoreError where it is damaged, missing, or of a newer version."""
    data = place.read(name)
    if data is None:
        raise damaged(place, name, "it is missing")
    try:
        commit = msgspec.json.decode(data, type=Commit)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged(place, name, str(error)) from error
    if commit.format > FORMAT:
        raise StoreError(
            f"store {place.url} was written by a newer gridpact (format {commit.format}, "
            f"this one reads {FORMAT}); update gridpact"
        )
    return commit


def damaged(place: Place, name: str, what: str) -> StoreError:
    """Error of a file that is not as it was written."""
    return StoreError(
        f"store {place.url} is damaged: {name}: {what}; bring the file back from a copy of the "
        "store, or import its readings into a new one"
    )


def encoded(commit: Commit) -> bytes:
    """Write a commit as JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(commit), indent=1) + b"\n"


def days_of(start: int, end: int) -> list[str]:
    """UTC days with an instant in [start, end) [s since the epoch], such as ``2026-03-29``."""
    first, last = start // DAY_S, -(-end // DAY_S)
    return [(_EPOCH + timedelta(days=number)).isoformat() for number in range(first, last)]


def start_of(day: str) -> int:
    """Instant at which a UTC day begins [s since the epoch]."""
    return (date.fromisoformat(day) - _EPOCH).days * DAY_S
