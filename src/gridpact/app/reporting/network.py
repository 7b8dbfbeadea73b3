"""The report for a network operator: points, allocated shares, and what is charged for them."""

from __future__ import annotations

import numpy as np

from gridpact.app.report.text import counted
from gridpact.app.reporting.energy import share_ppm
from gridpact.app.reporting.followed import Followed, follow
from gridpact.app.reporting.reconciled import (
    Other,
    billed,
    party_of,
    reconciliation,
)
from gridpact.app.reporting.report import Chapter, Report
from gridpact.app.reporting.settled import Settled
from gridpact.app.reporting.sheets import Column, Sheet, laid
from gridpact.base.units import Ints
from gridpact.settlement.periods.energy import SOURCES

_POINTS = (
    Column("member", "member"),
    Column("point", "metering point"),
    Column("withdrawn", "withdrawn", "energy"),
    Column("injected", "injected", "energy"),
    Column("outside", "from outside", "energy"),
    Column("local", "from within", "energy"),
    Column("difference", "difference", "energy"),
)
_SHARES = (
    Column("member", "member"),
    Column("point", "metering point"),
    Column("received", "received", "energy"),
    Column("share", "of all shared", "share"),
    Column("by_coefficients", "by coefficients", "energy"),
    Column("rounding", "rounding", "energy"),
)
_BILLED = (
    Column("member", "member"),
    Column("outside", "from outside", "energy"),
    Column("billed_outside", "billed", "energy"),
    Column("difference_outside", "difference", "energy"),
    Column("local", "from within", "energy"),
    Column("billed_local", "billed", "energy"),
    Column("difference_local", "difference", "energy"),
)
POINTS = "Withdrawn is from outside or from within; the difference has to be zero."
SHARES = (
    "By coefficients is what an operator allocates who multiplies what is over in each slot with "
    "coefficients of six decimals, as gridpact export coefficients writes them, and rounds to the "
    "Wh. It differs by the rounding of coefficients and slots, which is told and no fault."
)
BILLED = (
    "Billed is the energy of lines between the member and the network operator that count energy "
    "from outside or from within, levies, fees and taxes left out. An operator that charges all "
    "that was withdrawn alike has no such lines, and a dash stands there."
)
_BARRED = ("levy", "fee", "tax")


def network_report(settled: Settled, party: str = "") -> Report:
    """Reconcile a period with a network operator, the only one where none is named.

    Raises BadInput where there is no such operator, or the readings of the run are gone.
    """
    name = party_of(settled, "dso", party)
    followed = follow(settled)
    points = _points(settled, followed)
    sums = dict(zip(SOURCES, followed.members_wh.sum(axis=1).tolist(), strict=True))
    energy = [("From outside", sums["network:outside"]), ("From within", sums["network:local"])]
    other = Other("network", "network operator", name, counted(len(points.rows), "point", "points"))
    own = (
        Chapter("points", "Registers", POINTS, (points,)),
        Chapter("shares", "Shares", SHARES, (_shares(settled, followed),)),
        Chapter("billed", "From energy to the bill", BILLED, (_billed(settled, followed, name),)),
    )
    return reconciliation(settled, followed, other, energy, own)


def _of(followed: Followed, source: str) -> Ints:
    return np.asarray(followed.members_wh[SOURCES.index(source)])


def _points(settled: Settled, followed: Followed) -> Sheet:
    withdrawn, injected, outside, local = (
        _of(followed, name)
        for name in ("metered:withdrawal", "metered:injection", "network:outside", "network:local")
    )
    columns = (withdrawn, injected, outside, local, withdrawn - outside - local)
    return Sheet("points", "Energy by point", _POINTS, *laid(_named(settled), columns))


def _named(settled: Settled) -> list[tuple[str, ...]]:
    return [(member.id, member.point) for member in settled.rules.members]


def _shares(settled: Settled, followed: Followed) -> Sheet:
    received, told = _of(followed, "shared:in"), followed.coefficients_wh
    whole = int(received.sum())
    ppm = [share_ppm(each, whole) for each in received.tolist()]
    rows, foot = laid(_named(settled), [received, told, told - received])
    table = [(*row[:3], share, *row[3:]) for row, share in zip(rows, ppm, strict=True)]
    below = (*foot[:3], share_ppm(whole, whole), *foot[3:])
    return Sheet("shares", "What the sharing key allocated", _SHARES, tuple(table), below)


def _billed(settled: Settled, followed: Followed, name: str) -> Sheet:
    columns: list[Ints | None] = []
    for series in ("network:outside", "network:local"):
        energy, lines = _of(followed, series), billed(settled, name, series, _BARRED)
        columns += [energy, *((lines, energy - lines) if lines.any() else (None, None))]
    rows, foot = laid([(member,) for member in settled.members], columns)
    return Sheet("billed", "Energy and bill by member", _BILLED, rows, foot)
