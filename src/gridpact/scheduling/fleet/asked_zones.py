"""Zones whose schedules are asked for, by their rows."""

from __future__ import annotations

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Ints


def asked_zones(zones: Ints, count: int) -> Ints:
    """Read rows of zones out of ``count``; BadInput naming every one that is no zone."""
    rows = np.asarray(zones)
    if rows.size and rows.dtype.kind not in "iu":
        raise BadInput([_fault("zones", f"holds {rows.dtype}, not rows", "give whole numbers")])
    fix = f"give rows from 0 to {count - 1}" if count else "the fleet has no zones"
    unknown = [row for row in rows.ravel().tolist() if not 0 <= row < count]
    if unknown:
        raise BadInput([_fault("zones", f"there is no zone {row}", fix) for row in unknown])
    return rows.astype(np.int64)


def _fault(where: str, problem: str, fix: str) -> Fault:
    return Fault("schedules", 0, where, problem, fix)
