"""Black start: an order in which sources and loads come back, and a check of any such order.

Sources that need no grid start first. The others start as soon as there is power to start them, as
what they bring serves all that comes after. Loads follow strictly by priority: a load waits for
those before it, unless they can never be connected. After a blackout a load draws more than
usual for a while (cold-load pick-up), and no single step may be larger than a share of the running
capacity, or frequency would fall too far.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

PPM = 1_000_000


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A source of ``power_w``; it runs ``start_s`` after it is started.

    While it starts it draws ``start_w``; one that starts ``alone`` needs none of the grid's.
    """

    name: str
    power_w: int
    start_s: int = 0
    start_w: int = 0
    alone: bool = False


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A load of ``power_w`` that draws ``pickup_ppm`` of it for ``pickup_s`` once connected.

    Lower ``priority`` comes first.
    """

    name: str
    power_w: int
    priority: int
    pickup_ppm: int = PPM
    pickup_s: int = 0

    @property
    def cold_w(self) -> int:
        """Power as it is connected, rounded up."""
        return -(-self.power_w * self.pickup_ppm // PPM)


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """``step_ppm``: largest step, as a share of running capacity; ``settle_s`` between steps."""

    step_ppm: int = 250_000
    settle_s: int = 60


class Step(msgspec.Struct, frozen=True):
    """At ``at_s`` after the blackout a source is started or a load is connected."""

    at_s: int
    kind: str
    name: str


class Order(msgspec.Struct, frozen=True):
    """Steps in order of time, and loads and sources that can never come back, with the reason."""

    steps: tuple[Step, ...]
    left_out: tuple[tuple[str, str], ...]


class _Grid:
    """What runs and draws as time goes on."""

    def __init__(self, sources: Sequence[Source], loads: Sequence[Load], rules: Rules) -> None:
        self.sources = {one.name: one for one in sources}
        self.loads = {one.name: one for one in loads}
        self.rules = rules
        self.begun: dict[str, int] = {}

    def capacity_w(self, at_s: int) -> int:
        """Power of sources that run."""
        return sum(
            one.power_w
            for name, one in self.sources.items()
            if name in self.begun and self.begun[name] + one.start_s <= at_s
        )

    def drawn_w(self, at_s: int) -> int:
        """Power drawn by loads, and by sources that start."""
        total = 0
        for name, begun in self.begun.items():
            if name in self.loads:
                load = self.loads[name]
                total += load.cold_w if at_s < begun + load.pickup_s else load.power_w
            elif not self.sources[name].alone and at_s < begun + self.sources[name].start_s:
                total += self.sources[name].start_w
        return total

    def fits(self, step_w: int, at_s: int) -> bool:
        """Whether a step keeps within the capacity and the largest step."""
        capacity = self.capacity_w(at_s)
        return step_w * PPM <= capacity * self.rules.step_ppm and (
            self.drawn_w(at_s) + step_w <= capacity
        )

    def changes(self) -> list[int]:
        """Instants at which more runs or less is drawn."""
        found = []
        for name, begun in self.begun.items():
            load = self.loads.get(name)
            found.append(begun + (load.pickup_s if load else self.sources[name].start_s))
        return found


def black_start(
    sources: Sequence[Source], loads: Sequence[Load], rules: Rules | None = None
) -> Order:
    """Order the restart of a microgrid.

    Of sources that could start at the same time the one of most power per power to start it comes
    first; of loads, the one of lowest priority number, then the larger, then by name.

    Raises ValueError where a name is given twice or a number is out of range.
    """
    rules = rules or Rules()
    _refuse(sources, loads, rules)
    grid, steps = _Grid(sources, loads, rules), list[Step]()
    waiting = sorted(
        (one for one in sources if not one.alone),
        key=lambda one: (one.start_w / one.power_w, -one.power_w, one.name),
    )
    for one in sorted((one for one in sources if one.alone), key=lambda one: one.name):
        _take(grid, steps, Step(0, "source", one.name))
    queue = sorted(loads, key=lambda one: (one.priority, -one.power_w, one.name))
    out: list[tuple[str, str]] = []
    at_s = 0
    while waiting or queue:
        step = _next(grid, waiting, queue, at_s)
        if step is not None:
            _take(grid, steps, step)
            at_s += rules.settle_s
            continue
        later = [instant for instant in grid.changes() if instant > at_s]
        if later:
            at_s = min(later)
        elif queue:
            out.append((queue.pop(0).name, "is too large a step, or more than is left to draw"))
        else:
            out.extend((one.name, "lacks the power to start") for one in waiting)
            break
    return Order(tuple(steps), tuple(out))


def _next(grid: _Grid, waiting: list[Source], queue: list[Load], at_s: int) -> Step | None:
    """Take a source that can start now, else the first load if it can be connected."""
    for one in waiting:
        if grid.fits(one.start_w, at_s):
            waiting.remove(one)
            return Step(at_s, "source", one.name)
    if queue and grid.fits(queue[0].cold_w, at_s):
        return Step(at_s, "load", queue.pop(0).name)
    return None


def _take(grid: _Grid, steps: list[Step], step: Step) -> None:
    grid.begun[step.name] = step.at_s
    steps.append(step)


def breaches(
    steps: Sequence[Step], sources: Sequence[Source], loads: Sequence[Load], rules: Rules
) -> tuple[str, ...]:
    """Follow an order through all its instants and tell, for people, what it breaks."""
    grid, found = _Grid(sources, loads, rules), []
    for step in sorted(steps, key=lambda one: one.at_s):
        source, load = grid.sources.get(step.name), grid.loads.get(step.name)
        drawn = load.cold_w if load else source.start_w if source else 0
        if not (source and source.alone) and not grid.fits(drawn, step.at_s):
            found.append(f"{step.name} at {step.at_s} s: {drawn} W is too much")
        grid.begun[step.name] = step.at_s
        for instant in sorted({step.at_s, *grid.changes()}):
            if instant >= step.at_s and grid.drawn_w(instant) > grid.capacity_w(instant):
                found.append(f"more is drawn than runs at {instant} s")
    return tuple(found)


def _refuse(sources: Sequence[Source], loads: Sequence[Load], rules: Rules) -> None:
    names = [one.name for one in sources] + [one.name for one in loads]
    if len(set(names)) < len(names):
        raise ValueError("a name is given twice")
    for one in sources:
        if one.power_w < 1 or one.start_s < 0 or one.start_w < 0:
            raise ValueError(f"{one.name}: give power above 0, and times and starts of 0 or more")
    for load in loads:
        if load.power_w < 1 or load.pickup_ppm < PPM or load.pickup_s < 0:
            raise ValueError(f"{load.name}: give power above 0, and a pick-up of 1 or more")
    if not 0 < rules.step_ppm <= PPM or rules.settle_s < 0:
        raise ValueError("a step is a share above 0 and up to 1, settling takes 0 s or more")
