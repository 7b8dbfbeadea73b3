"""Forecasts beside what happened: series by member, for a member's day and for the community."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gridpact.app.record import Record
from gridpact.app.report.axis import Axis
from gridpact.app.report.series import Devices, Metered, by_member, laid
from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.forecasting.messages import ForecastIssued
from gridpact.market.messages import Session, SessionOpened
from gridpact.registry.model import Community

MOST_ESTIMATED = 0.1
"""A sum over members counts as measured while at most this share of meters is estimated."""


@dataclass(frozen=True)
class Predicted:
    """Forecasts by row [rows, slots] in Wh, NaN where there was none.

    ``ahead`` is the day-ahead forecast with its outer quantiles ``low`` and ``high``; ``latest``
    the last one issued for the slot.
    """

    ahead: Floats
    low: Floats
    high: Floats
    latest: Floats


@dataclass(frozen=True)
class Forecasts:
    """Load [members, slots] and solar [plants, slots]; ``levels`` are the band's, per mille."""

    load: Predicted
    pv: Predicted
    levels: tuple[int, int] | None


Issued: TypeAlias = Sequence[tuple[ForecastIssued, Session]]


def _cut(message: ForecastIssued, window: Slots, values: Ints) -> tuple[Slots, Ints]:
    """A forecast reaches beyond the slots of its session; keep those."""
    first = (window.start - message.window.start) // window.step
    return window, values[..., first : first + window.count]


def forecasts(record: Record, axis: Axis) -> Forecasts:
    """Lay forecasts over the axis: the day-ahead ones, and whatever was the latest."""
    community = record.opening().community
    sessions = {m.session.id: m.session for m in record.all(SessionOpened)}
    found = [
        (message, sessions[message.session])
        for message in record.all(ForecastIssued)
        if message.session in sessions
    ]
    ahead = [pair for pair in found if pair[1].kind == "day-ahead"]
    banded = [pair for pair in ahead if pair[0].levels]

    def predicted(name: str, rows: int) -> Predicted:
        points, quantiles = f"{name}_wh", f"{name}_quantiles_wh"

        def over(pairs: Issued) -> Floats:
            pieces = [_cut(message, s.window, getattr(message, points)) for message, s in pairs]
            return laid(axis, pieces, rows)

        def outer(level: int) -> Floats:
            pieces = [_cut(m, s.window, getattr(m, quantiles)[level]) for m, s in banded]
            return laid(axis, pieces, rows)

        return Predicted(over(ahead), outer(0), outer(-1), over(found))

    levels = (banded[0][0].levels[0], banded[0][0].levels[-1]) if banded else None
    return Forecasts(
        predicted("load", len(community.members.ids)),
        predicted("pv", len(community.pv.ids)),
        levels,
    )


def inflexible(community: Community, read: Metered, told: Devices) -> Floats:
    """Load that nobody steers [members, slots] in Wh, from meters and telemetry.

    Net withdrawal less storage and appliances plus own solar, at least 0; NaN without telemetry.
    """
    members = len(community.members.ids)
    flexible = by_member(community.storage.member, told.charge - told.discharge, members)
    flexible += by_member(community.runs.member, told.run, members)
    own = by_member(community.pv.member, told.pv, members)
    load = np.maximum(read.withdrawal - read.injection - flexible + own, 0)
    return np.where(told.has, load, np.nan)


def measured_sum(load: Floats, read: Metered) -> Floats:
    """Sum over members [slots]; NaN where too many meters of a slot are estimated."""
    trusted = read.estimated.mean(axis=0) <= MOST_ESTIMATED
    return np.where(trusted, load.sum(axis=0), np.nan)
