"""Members of a period: their energy, what they owe, and what the supplier alone would have cost."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.app.explaining.sources import RunReadings
from gridpact.app.invoicing.figures import supplier_only
from gridpact.app.report.money import bills_figure
from gridpact.app.report.parts import Figure, Notes
from gridpact.app.reporting.energy import share_ppm
from gridpact.app.reporting.report import Chapter
from gridpact.app.reporting.settled import Settled
from gridpact.app.reporting.sheets import Column, Sheet
from gridpact.base.units import Ints
from gridpact.settlement.invoices.figures import owed_by
from gridpact.settlement.periods.energy import SOURCES

_MEMBERS = (
    Column("member", "member"),
    Column("outcome", "outcome"),
    Column("withdrawn", "withdrawn", "energy"),
    Column("injected", "injected", "energy"),
    Column("received", "received", "energy"),
    Column("given", "given", "energy"),
    Column("owes", "owes", "money"),
    Column("supplier_alone", "supplier alone", "money"),
    Column("saving", "saving", "money"),
    Column("saving_of_bill", "of the bill alone", "share"),
    Column("saving_of_all", "of all savings", "share"),
)
ASSUMPTION = (
    "“Supplier alone” settles the period again from the same readings with the contracts that need "
    "no community: no sharing, no trades, no contract with the operator. A saving is what a member "
    "owes less than that."
)


class Standings(msgspec.Struct, frozen=True):
    """Members' energy [Wh] and money [minor units], each [members] in the order of the rules.

    ``received_wh`` and ``given_wh`` are shared and traded within the community. ``alone_minor`` is
    None where a tariff without the community is lacking.
    """

    names: tuple[str, ...]
    withdrawn_wh: Ints
    injected_wh: Ints
    received_wh: Ints
    given_wh: Ints
    owed_minor: Ints
    alone_minor: Ints | None

    @property
    def saving_minor(self) -> Ints | None:
        """What each member saved; negative for who lost."""
        return None if self.alone_minor is None else self.alone_minor - self.owed_minor


def standings(settled: Settled, readings: RunReadings) -> Standings:
    """Return how members stand after a period."""
    of = dict(zip(SOURCES, settled.made.energy_wh, strict=True))
    members = settled.members
    alone = supplier_only(settled.made, settled.slots, readings.whole(), members)
    return Standings(
        members,
        of["metered:withdrawal"],
        of["metered:injection"],
        of["shared:in"] + of["trade:bought"],
        of["shared:out"] + of["trade:sold"],
        owed_by(settled.made.lines, members, settled.rules.currency),
        alone,
    )


def chapter(settled: Settled, found: Standings, only: str = "") -> Chapter:
    """What members owe and saved; of one member where ``only`` names it."""
    rows = [at for at, name in enumerate(found.names) if only in ("", name)]
    parts: list[Figure | Notes | Sheet] = [_sheet(found, rows)]
    if not only and found.alone_minor is not None:
        parts.insert(0, _figure(settled, found))
    if found.alone_minor is None:
        told = "What the supplier alone would have cost is not known: a tariff for that is lacking."
        parts.append(Notes((told,)))
    title = only or "Members"
    return Chapter("members", title, ASSUMPTION, tuple(parts))


def _sheet(found: Standings, rows: Sequence[int]) -> Sheet:
    saving = found.saving_minor
    total = 0 if saving is None else int(saving.sum())
    table = []
    for at in rows:
        own = None if saving is None else int(saving[at])
        alone = None if found.alone_minor is None else int(found.alone_minor[at])
        energy = (found.withdrawn_wh, found.injected_wh, found.received_wh, found.given_wh)
        table.append(
            (
                found.names[at],
                _outcome(own),
                *(int(column[at]) for column in energy),
                int(found.owed_minor[at]),
                alone,
                own,
                None if own is None or not alone or alone < 0 else share_ppm(own, alone),
                None if own is None or total <= 0 else share_ppm(own, total),
            )
        )
    note = "Negative is received. Received and given are what was shared and traded within."
    return Sheet("members", "Energy and money by member", _MEMBERS, tuple(table), note=note)


def _outcome(saving: int | None) -> str:
    if saving is None:
        return "not known"
    return "gained" if saving > 0 else "lost" if saving < 0 else "even"


def _figure(settled: Settled, found: Standings) -> Figure:
    alone, saving = found.alone_minor, found.saving_minor
    assert alone is not None and saving is not None  # noqa: S101, PT018 - drawn only where known
    order = np.argsort(-saving, kind="stable")
    value = settled.money.value(1)
    caption = (
        "Each member’s bill beside what the supplier alone would have cost (below zero: received) "
        "and the saving, largest first."
    )
    svg = bills_figure(
        [found.names[row] for row in order],
        np.asarray(alone[order] * value, np.float64),
        np.asarray(found.owed_minor[order] * value, np.float64),
        settled.rules.currency,
    )
    return Figure("savings", "Savings by member", caption, svg)
