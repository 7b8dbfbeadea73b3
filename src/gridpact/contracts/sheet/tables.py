"""Profiles as tables: each value from the time at which it begins, equal ones in a row once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gridpact.contracts.observables import Profile
from gridpact.contracts.sheet import times, units
from gridpact.contracts.times import DAY_S


def table(profile: Profile, currency: str) -> str:
    """Write a profile: its window, and by day the values from the times at which they begin."""
    end = profile.start + profile.step * len(profile.values)
    head = (
        f"is this table from {times.instant(profile.start)} until {times.instant(end)}, else 0, "
        f"in steps of {times.duration(profile.step)}:"
    )
    days = []
    for day, entries in groupby(_changes(profile), lambda change: change[0] // DAY_S):
        written = [
            f"{times.clock(at % DAY_S)} {units.amount(value, profile.unit, currency)}"
            for at, value in entries
        ]
        days.append(f"\n{times.date(day)}: {', '.join(written)}")
    return head + ";".join(days)


def _changes(profile: Profile) -> Iterator[tuple[int, int]]:
    """Yield the instant [s] of each change of value, with the value."""
    at = profile.start
    for value, run in groupby(profile.values):
        yield at, value
        at += profile.step * len(list(run))
