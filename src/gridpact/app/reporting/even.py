"""How evenly savings and the community's energy are spread over its members."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from gridpact.app.reporting.energy import share_ppm
from gridpact.app.reporting.members import Standings
from gridpact.app.reporting.report import Chapter
from gridpact.app.reporting.sheets import Column, Sheet
from gridpact.base.rounding import round_half_even
from gridpact.settlement.fairness import experience, gini, jain, least_to_most

_PPM = 1_000_000
_COLUMNS = (
    Column("measure", "measure"),
    Column("reads", "reads"),
    Column("source", "source"),
    Column("savings", "of savings", "index"),
    Column("savings_per_energy", "of savings per kWh", "index"),
    Column("energy_within", "of energy within", "index"),
)
_MEASURES: tuple[tuple[str, str, str, Callable[[Sequence[int]], Fraction | None]], ...] = (
    ("Jain’s index", "1: all have the same; 1/n: one has all", "Jain, Chiu, Hawe 1984", jain),
    ("Gini coefficient", "0: all have the same; near 1: one has all", "Gini 1912", gini),
    ("least to most", "1: all have the same; 0: somebody has none", "Moret, Pinson 2019",
     least_to_most),
)  # fmt: skip
_OUTCOMES = (
    Column("outcome", "outcome"),
    Column("members", "members", "count"),
    Column("saving", "saving in sum", "money"),
)


def chapter(found: Standings) -> Chapter:
    """Who gained and who lost in sum, and four measures of how evenly."""
    lead = (
        "Savings are against the supplier alone; per kWh is by what a member withdrew and injected "
        "together; energy within is the share of that which was shared or traded in the community. "
        "A dash stands where a measure says nothing: where somebody loses, or nobody saves."
    )
    return Chapter("fairness", "Who gains", lead, (outcomes_sheet(found), fairness_sheet(found)))


def outcomes_sheet(found: Standings) -> Sheet:
    """How many members gained and lost, and how much."""
    saving = found.saving_minor
    rows = []
    for name, which in (("gained", 1), ("even", 0), ("lost", -1)):
        mine = None if saving is None else saving[np.sign(saving) == which]
        count, total = (None, None) if mine is None else (len(mine), int(mine.sum()))
        rows.append((name, count, total))
    whole = None if saving is None else int(saving.sum())
    return Sheet("outcomes", "Gains and losses", _OUTCOMES, tuple(rows),
                 ("all", len(found.names), whole))  # fmt: skip


def fairness_sheet(found: Standings) -> Sheet:
    """Measures of fairness over members."""
    savings, rates, within = _savings(found), _rates(found), _within(found)
    rows: list[tuple[str | int | None, ...]] = [
        (name, reads, source, *(_ppm(measure(each)) for each in (savings, rates, within)))
        for name, reads, source, measure in _MEASURES
    ]
    same = "1: all fare the same; 0: half have all and half nothing"
    alike = _ppm(experience(within, _PPM))
    rows.append(("QoE fairness", same, "Hoßfeld et al. 2017", None, None, alike))
    note = "QoE fairness needs a scale with two ends, which only energy within has."
    return Sheet("fairness", "How evenly", _COLUMNS, tuple(rows), note=note)


def _ppm(share: Fraction | None) -> int | None:
    return None if share is None else round(share * _PPM)


def _savings(found: Standings) -> list[int]:
    return [] if found.saving_minor is None else found.saving_minor.tolist()


def _rates(found: Standings) -> list[int]:
    """Savings per energy withdrawn and injected; members without any are left out.

    In minor units times a million for each Wh: only how they compare is of interest.
    """
    energy = (found.withdrawn_wh + found.injected_wh).tolist()
    return [
        round_half_even(saving * _PPM, wh)
        for saving, wh in zip(_savings(found), energy, strict=False)
        if wh
    ]


def _within(found: Standings) -> list[int]:
    """Shares of members' energy that was shared or traded [ppm], at most the whole."""
    energy = (found.withdrawn_wh + found.injected_wh).tolist()
    inside = (found.received_wh + found.given_wh).tolist()
    return [
        min(share_ppm(part, wh) or 0, _PPM) for part, wh in zip(inside, energy, strict=True) if wh
    ]
