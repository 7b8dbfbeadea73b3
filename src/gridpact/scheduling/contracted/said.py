"""Spans of slots in the words of needs: windows of the local clock on a date."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.needs.clock import clock_text, local_date, moment_at, stretch_on
from gridpact.scheduling.needs.times import DAY_S, Window


class Said(NamedTuple):
    """A window, and the local time at which it begins, such as ``2026-06-16T18:00``.

    ``window`` is None for a slot that no window means, as it begins or ends in the hour that is
    shown twice when clocks go back.
    """

    window: Window | None
    begins: str


def stretches(marked: Bools, values: Ints) -> list[tuple[int, int]]:
    """Slots (first, end) of stretches that are marked and have one value."""
    edges = np.flatnonzero((marked[1:] != marked[:-1]) | (values[1:] != values[:-1])) + 1
    spans = pairwise([0, *edges.tolist(), len(marked)])
    return [(first, end) for first, end in spans if first < end and marked[first]]


def said(slots: Slots, span: tuple[int, int], timezone: str) -> Iterator[Said]:
    """Say a span ``first ≤ slot < end``: in one window a day, or slot by slot."""
    instants = [slots.start + slot * slots.step for slot in range(*span)]
    for _, same in groupby(instants, key=lambda at: local_date(at, timezone)):
        day = list(same)
        whole = _window(day[0], day[-1] + slots.step, timezone)
        if whole is not None:
            yield Said(whole, _local(day[0], timezone))
        else:
            for at in day:
                yield Said(_window(at, at + slots.step, timezone), _local(at, timezone))


def _local(instant: int, timezone: str) -> str:
    moment = moment_at(instant, timezone)
    return f"{moment.date}T{clock_text(moment.time_s)}"


def _window(begin: int, end: int, timezone: str) -> Window | None:
    """The window that begins on one day and means exactly this time; None where none does."""
    first, last = moment_at(begin, timezone), moment_at(end, timezone)
    whole = first.time_s == last.time_s == 0
    window = Window(first.time_s, DAY_S if whole else last.time_s, first.date, first.date)
    one = stretch_on(window, local_date(begin, timezone), timezone)
    return window if (one.begin, one.end) == (begin, end) else None
