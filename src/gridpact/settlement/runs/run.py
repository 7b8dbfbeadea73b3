"""A settlement run: what it was made of, what it came to, and its hash.

A run is a function of its inputs: rules, readings as they were known at an instant, series and the
sharing key. Each is named by a digest, and the hash of the run covers all of them and its lines, so
that whoever has the inputs can recompute the run and compare one number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from gridpact.settlement.lines import Lines, joined, negated, nonzero

Kind: TypeAlias = Literal["initial", "revised", "final"]
KINDS: tuple[Kind, ...] = ("initial", "revised", "final")


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One settlement of one billing period.

    ``period`` is its name, such as ``2026-03``, from ``first_s`` until ``end_s`` [s since the
    epoch]; readings are as known at ``as_of_s``. ``rules``, ``readings``, ``series`` and
    ``sharing`` are digests of inputs, ``lines`` that of all lines and ``booked`` that of those that
    the run added to the runs before it. ``commit`` is the last one of the store of readings, 0 for
    readings elsewhere: what is told of the past after it was no part of the run. ``number`` counts
    the runs of a book.
    """

    number: int
    period: str
    first_s: int
    end_s: int
    kind: Kind
    as_of_s: int
    rules: str
    readings: str
    series: dict[str, str]
    sharing: str
    lines: str
    booked: str
    commit: int = 0

    @property
    def hash(self) -> str:
        """SHA-256 of the run as canonical JSON, as hexadecimal digits."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


def difference(settled: Lines, booked: Sequence[Lines]) -> Lines:
    """Return the lines to book so that, with those booked before, all are as settled.

    Each is the difference of two rounded lines, so that what was booked and its corrections add up
    to the run from corrected data to the last minor unit. Lines that do not differ are left out.
    """
    return nonzero(joined([settled, *(negated(lines) for lines in booked)]))
