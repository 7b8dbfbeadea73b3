"""What was delivered against what was ordered: set-points of a day beside what devices reported."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import UNSET

from gridpact.base.layers import total_by_owner
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.registry.model import Community
from gridpact.scheduling.messages import DispatchIssued, TelemetryReceived

ROWS = (
    *("in force", "storage ordered", "curtailment ordered", "appliances told to start"),
    *("all reported", "storage delivered", "solar delivered", "appliances used"),
)
"""Rows of a member's leaf, each [slots]: energy in Wh, storage positive where it charges.

The first is 1 where a schedule was in force, the fifth where all storage of the member reported.
"""
_ORDERED = 4
_DELIVERED = len(ROWS) - _ORDERED


def ordered(community: Community, told: DispatchIssued) -> Ints:
    """Return what devices of each member were told for a slot, int64 [members, 4]."""
    count, storage, runs = len(community.members.ids), community.storage, community.runs
    columns = (
        np.full(count, 0 if told.autonomous else 1, np.int64),
        total_by_owner(told.charge_wh - told.discharge_wh, storage.member, count),
        told.curtail_wh,
        total_by_owner(told.run_start.astype(np.int64), runs.member, count),
    )
    return np.stack(columns, axis=1)


def delivered(community: Community, report: TelemetryReceived) -> Ints:
    """Return what devices of each member reported of a slot, int64 [members, 4]."""
    count, storage = len(community.members.ids), community.storage
    none = np.zeros(len(storage.ids), np.bool_)
    silent: Bools = none if report.reported is UNSET else ~np.asarray(report.reported)
    columns = (
        (total_by_owner(silent.astype(np.int64), storage.member, count) == 0).astype(np.int64),
        total_by_owner(
            np.where(silent, 0, report.charge_wh - report.discharge_wh), storage.member, count
        ),
        total_by_owner(report.pv_wh, community.pv.member, count),
        total_by_owner(report.run_wh, community.runs.member, count),
    )
    return np.stack(columns, axis=1)


def executions(
    community: Community, slots: Slots, told: Mapping[int, Ints], reports: Mapping[int, Ints]
) -> Ints:
    """Return the leaves' values of a day, int64 [members, 8, slots]; see :data:`ROWS`.

    ``told`` and ``reports`` are by the beginning of the slot [s since the epoch], as
    :func:`ordered` and :func:`delivered` make them. A slot without has zeros.
    """
    count = len(community.members.ids)
    found = np.zeros((count, len(ROWS), slots.count), np.int64)
    for place, start in enumerate(slots.starts().tolist()):
        if start in told:
            found[:, :_ORDERED, place] = told[start]
        if start in reports:
            found[:, _ORDERED:, place] = reports[start]
    return found
