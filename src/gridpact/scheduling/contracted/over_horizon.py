"""Choices read over whole periods, laid over the slots that a plan sees."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.contracts.periods import segments
from gridpact.scheduling.contracted.spans import rights_left
from gridpact.scheduling.obligations.model import OwnChoice, Shortfall


class Count(NamedTuple):
    """A right is taken at most ``most`` times in slots ``first ≤ slot < end`` of the horizon."""

    first: int
    end: int
    most: int


def cut(values: Ints, span: Slots, horizon: Slots) -> Ints:
    """Lay [..., span] over the horizon; 0 where the span has none."""
    found = np.zeros((*values.shape[:-1], horizon.count), np.int64)
    shift = (horizon.start - span.start) // span.step
    first, end = max(shift, 0), min(shift + horizon.count, span.count)
    found[..., first - shift : end - shift] = values[..., first:end]
    return found


def placed(choice: OwnChoice, span: Slots, horizon: Slots) -> OwnChoice:
    """The same choice over the horizon; of totals, those whose period ends within it."""
    shift = (horizon.start - span.start) // span.step
    return msgspec.structs.replace(
        choice,
        bounds=cut(choice.bounds, span, horizon),
        given=cut(choice.given, span, horizon),
        paid=cut(choice.paid, span, horizon),
        shortfalls=tuple(
            _shifted(one, shift, horizon.count)
            for one in choice.shortfalls
            if 0 < one.end - shift <= horizon.count
        ),
    )


def _shifted(one: Shortfall, shift: int, count: int) -> Shortfall:
    """A shortfall in slots of the horizon; what counted before is off what is agreed."""
    skipped = max(shift - one.first, 0)
    return Shortfall(
        first=max(one.first - shift, 0),
        end=one.end - shift,
        counted=one.counted[:, skipped:],
        agreed_wh=one.agreed_wh - int(one.counted[0, :skipped].sum()),
        rate=one.rate,
    )


def less_as_given(choice: OwnChoice) -> OwnChoice:
    """What is taken less counts as given: flexibility ``down`` is taken more."""
    if choice.asset.partition(":")[0] != "flexibility":
        return choice
    sign = -1 if choice.asset.endswith(("-down", ":down")) else 1
    given = np.maximum(choice.given, 0) * sign
    return msgspec.structs.replace(choice, given=given)


def counts_of(choice: OwnChoice, active: Bools, span: Slots, horizon: Slots) -> tuple[Count, ...]:
    """How often a limited right may be taken in each period that reaches into the horizon."""
    if choice.limit is None:
        return ()
    low, high = choice.bounds
    shift = (horizon.start - span.start) // span.step
    seen = (np.arange(span.count) >= shift) & (np.arange(span.count) < shift + horizon.count)
    found = []
    for part in segments(choice.limit.period, span, cut=True):
        first, end = max(part.start - shift, 0), min(part.stop - shift, horizon.count)
        if first < end:
            later = (np.arange(span.count) >= shift + horizon.count) & active
            may = (high > low) | later
            taken = int(low[part].sum())
            most = rights_left(choice.limit.most, taken, may[part], seen[part])
            found.append(Count(first, end, most))
    return tuple(found)
