"""Whether needs can be kept together: bound to the fleet, and told by proven bounds alone.

Phase 1: nothing costs anything but what is missed of shared limits. The engine's lower bound above
nothing proves that something must be missed; its schedules that miss nothing prove the opposite.
Where neither is told, the reference decides, as it does for small fleets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec.structs import replace

from gridpact.base.errors import BadInput
from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.columns import (
    TABLES,
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    Prices,
    Runs,
    Storage,
    per_asset,
    per_slot,
)
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Round, Solution, relative_gap
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.fleet.storage_faults import unreachable
from gridpact.scheduling.fleet.sums import affordable_wh
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.needs.binding.model import Bound, Site
from gridpact.scheduling.needs.directory import Directory
from gridpact.scheduling.needs.model import Group, Need
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.problem import without_costs

TOUCH_WH = 0.99
"""What is missed by no more, all limits together, counts as kept; a whole Wh does not."""
REACH_WH = 1e-6
"""Rounding of what one asset can reach."""
SMALL = 2_000
"""Assets × slots up to which the reference tells sooner than the engine."""
CLOSE = 0.02
"""Relative gap at which witness prices are good enough."""
FINE = 1e-3
"""Relative gap that is hardly waited for: a solve ends when its bounds tell enough."""
PENALTY = 1e6
"""Price of a kWh missed [µ¤/kWh]; nothing else has one."""


class Verdict(NamedTuple):
    """``missing_wh`` is proven to be missed at least; 0 where all can be kept.

    It is infinite where needs of one asset clash, or cannot be bound. ``solution`` is the engine's
    or the reference's, None where nothing was solved.
    """

    missing_wh: float
    bound: Bound
    solution: Solution | None = None

    @property
    def fits(self) -> bool:
        """Whether all can be kept."""
        return self.missing_wh == 0.0


Accepts: TypeAlias = Callable[[Sequence[Need]], bool]
"""Whether needs would be taken in place of those that they change, by their identifiers."""


def anything(_: Sequence[Need]) -> bool:
    """Take every need, where nobody says otherwise."""
    return True


class Trial:
    """A site, and what is known of needs there. ``checks`` counts what was solved."""

    def __init__(
        self, site: Site, warm: Solution | None = None, accepts: Accepts = anything
    ) -> None:
        self.site, self.checks, self.accepts, self._warm = site, 0, accepts, warm
        self._known: dict[frozenset[Need], bool] = {}
        self._last: tuple[tuple[Need, ...], Bound] | None = None

    def fits(self, needs: Sequence[Need]) -> bool:
        """Whether needs can be kept together; asked again, it is remembered."""
        key = frozenset(needs)
        if key not in self._known:
            self._known[key] = self.verdict(needs).fits
        return self._known[key]

    def verdict(self, needs: Sequence[Need], closely: bool = False) -> Verdict:
        """Tell by proof whether needs can be kept, and what is missed at least.

        ``closely``: go on until what is missed, and the prices of limits, are known closely.
        """
        self.checks += 1
        bound = self.bound(needs)
        fleet = firm_fleet(bound)
        if bound.refused or any(rows.any() for rows in stuck(fleet).values()):
            return Verdict(np.inf, bound)
        found = judged(bound, fleet, closely, self._warm)
        if not found.fits and found.solution is not None:
            self._warm = found.solution  # its prices may prove the next conflict at once
        self._known[frozenset(needs)] = found.fits
        return found

    def begin_near(self, verdict: Verdict) -> None:
        """Let the next solve begin from the prices of an earlier verdict."""
        self._warm = verdict.solution or self._warm

    def bound(self, needs: Sequence[Need]) -> Bound:
        """Bind needs, wishes as needs; the last ones asked about are remembered."""
        key = tuple(needs)
        if self._last is None or self._last[0] != key:
            directory = self.site.directory
            self._last = key, bind(self.site, [as_needed(need, directory) for need in needs])
        return self._last[1]

    def beside(self, rest: Sequence[Need]) -> Trial:
        """A trial of what a member asks, with all else asked already: the same, and quicker.

        Only where they are about different assets; else bounds of one depend on the other's.
        """
        bound = self.bound(rest)
        asked = replace(bound.needs, storage=())
        site = replace(self.site, fleet=firm_fleet(bound), needs=asked)
        return Trial(site, self._warm, self.accepts)


def as_needed(need: Need, directory: Directory) -> Need:
    """A wish as a need: whether it can be kept does not depend on what it is worth.

    One about a group that is not its owner's is bound as a contract is.
    """
    if need.level is not Level.WISHES:
        return need
    shared = isinstance(need.subject, Group) and directory.spans_all(need.owner)
    return replace(need, level=Level.CONTRACTS if shared else Level.NEEDS)


def firm_fleet(bound: Bound) -> Fleet:
    """The fleet in which nothing that storage is asked for may give way."""
    table, asked = bound.fleet.storage, bound.needs.storage
    if table is None or not asked:
        return bound.fleet
    low = np.array(per_slot(table.lo_wh, len(table.zone), bound.fleet.slots))
    for one in asked:
        np.maximum.at(low, np.asarray(one.rows), one.lo_wh)
    return replace(bound.fleet, storage=replace(table, lo_wh=low))


def stuck(fleet: Fleet) -> dict[str, Bools]:
    """Mark assets that cannot keep what is asked of them alone, in closed form.

    For assets that only charge it is the energy that their window lets through, for storage the
    states within reach after each slot.
    """
    found = {}
    if fleet.one_way is not None:
        due = per_asset(fleet.one_way.energy_wh, len(fleet.one_way.zone))
        found["one_way"] = np.asarray(due > reachable_wh(fleet, fleet.one_way) + REACH_WH)
    if fleet.storage is not None:
        count, slots = len(fleet.storage.zone), fleet.slots
        low, high = (
            per_slot(ends, count, slots) for ends in (fleet.storage.lo_wh, fleet.storage.hi_wh)
        )
        crossed = np.any(low > high + REACH_WH, axis=1)
        found["storage"] = np.asarray(crossed | unreachable(fleet.storage, fleet)[0])
    return found


def reachable_wh(fleet: Fleet, table: OneWay) -> Floats:
    """Most energy that each asset can draw while it is there, and pay for [assets] Wh."""
    return affordable_wh(table, fleet.slots, fleet.hours)


class _Watch:
    """Stops a solve as soon as its bounds tell enough."""

    def __init__(self, closely: bool) -> None:
        self._closely, self._enough = closely, False

    def told(self, one: Round) -> None:
        lower, upper = one.lower_nano / PENALTY, one.upper_nano / PENALTY
        close = relative_gap(lower, upper) < CLOSE or not self._closely
        self._enough = upper <= TOUCH_WH / 2 or (lower > TOUCH_WH and close)

    def enough(self) -> bool:
        return self._enough


def judged(
    bound: Bound, fleet: Fleet, closely: bool = False, warm: Solution | None = None
) -> Verdict:
    """Tell by proof whether a fleet whose assets can keep their own bounds keeps shared limits."""
    fleet = without_costs(fleet)
    watch = _Watch(closely)
    options = Options(
        penalty=PENALTY,
        raises=0,
        balances=True,
        gap=FINE,
        progress=watch.told,
        cancelled=watch.enough,
    )
    free = Prices(np.zeros(fleet.slots))
    if sum(len(table.zone) for table in _tables(fleet)) * fleet.slots <= SMALL:
        return _by_reference(bound, fleet, free)
    try:
        solution = solve(fleet, free, options, warm)
    except BadInput:  # an asset without power or room, which the reference can do without
        return _by_reference(bound, fleet, free)
    if sum(one.missing_wh for one in solution.missed) <= TOUCH_WH:
        return Verdict(0.0, bound, solution)
    least = solution.lower_nano / solution.penalty
    if least > TOUCH_WH:
        return Verdict(least, bound, solution)
    return _by_reference(bound, fleet, free)


def _tables(fleet: Fleet) -> list[OneWay | Storage | Curtailable | Runs | Generators]:
    return [table for name in TABLES if (table := getattr(fleet, name)) is not None]


def _by_reference(bound: Bound, fleet: Fleet, free: Prices) -> Verdict:
    from gridpact.scheduling.reference.highs import Search
    from gridpact.scheduling.reference.solve import optimum, solution_of

    search, price = Search(), PENALTY * 1e-6
    found = optimum(fleet, free, price, search)
    if found is None:
        return Verdict(np.inf, bound)
    solution = solution_of(found, price, search)
    missed = sum(one.missing_wh for one in solution.missed)
    return Verdict(missed if missed > TOUCH_WH else 0.0, bound, solution)
