"""Feeders of a low-voltage grid: what hangs together when the transformer's busbar is taken out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set

import msgspec

from gridpact.base.errors import BadInput, Fault
from gridpact.connectors.simbench.grid import Grid


class Feeder(msgspec.Struct, frozen=True):
    """One feeder: its buses, and what the lines that leave the busbar for it carry together."""

    id: str
    rating_w: int
    buses: frozenset[int]


class Layout(msgspec.Struct, frozen=True):
    """The busbar of the transformers and the feeders below it; ``rating_w`` of the transformers."""

    rating_w: int
    busbar: frozenset[int]
    feeders: tuple[Feeder, ...]

    def zones(self) -> dict[int, str]:
        """Return the zone of every supplied bus: its feeder, or the transformer's own."""
        found = dict.fromkeys(self.busbar, TRANSFORMER)
        for feeder in self.feeders:
            found.update(dict.fromkeys(feeder.buses, feeder.id))
        return found


TRANSFORMER = "transformer"


def trace(grid: Grid) -> Layout:
    """Trace every line from the transformer's low-voltage busbar to its end.

    Feeders that meet again behind the busbar are one, fed by the lines of both. A feeder is named
    after the first line that feeds it.

    Raises
    ------
    BadInput
        Names each load, plant and battery that no transformer feeds, and grids whose
        transformers stand on different busbars.
    """
    busbar = _reached({grid.transformers[0].bus}, grid.ties, frozenset())
    if any(each.bus not in busbar for each in grid.transformers):
        fix = "choose a grid with one substation"
        problem = "the transformers stand on different busbars"
        raise BadInput([Fault(grid.code, 0, "trafo", problem, fix)])
    ways = [*grid.ties, *(line.ends for line in grid.lines)]
    feeders: list[Feeder] = []
    for line in grid.lines:
        outside = set(line.ends) - busbar
        if len(outside) != 1:
            continue
        met = next((row for row, each in enumerate(feeders) if outside <= each.buses), None)
        if met is None:
            buses = _reached(outside, ways, busbar)
            feeders.append(Feeder(f"feeder-{line.id}", line.rating_w, buses))
        else:
            before = feeders[met]
            rating = before.rating_w + line.rating_w
            feeders[met] = msgspec.structs.replace(before, rating_w=rating)
    layout = Layout(sum(each.rating_w for each in grid.transformers), busbar, tuple(feeders))
    _check_supplied(grid, layout)
    return layout


def _reached(
    starts: Iterable[int], ways: Iterable[tuple[int, int]], barred: Set[int]
) -> frozenset[int]:
    """Buses reached from ``starts`` over ``ways`` without entering ``barred``."""
    beside: dict[int, set[int]] = defaultdict(set)
    for one, other in ways:
        beside[one].add(other)
        beside[other].add(one)
    found, open_ends = set(starts), list(starts)
    while open_ends:
        fresh = beside[open_ends.pop()] - found - barred
        found |= fresh
        open_ends += fresh
    return frozenset(found)


def _check_supplied(grid: Grid, layout: Layout) -> None:
    zones = layout.zones()
    fix = "close the switch or line that feeds its bus, or take it out of service"
    lost = [
        Fault(grid.code, 0, unit.id, "no transformer feeds it", fix)
        for unit in grid.units
        if unit.bus not in zones
    ]
    if lost:
        raise BadInput(lost)
