"""How far each member of a conflict alone has to give: found and proven by solving again.

What is offered could be asked for as it stands: it is taken by whoever takes needs, and what it is
about lies within the horizon that it was tried on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gridpact.scheduling.explanation.concessions import Concession, concessions
from gridpact.scheduling.explanation.model import Member, Proposal, Way
from gridpact.scheduling.explanation.trial import Trial
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.directory import Unclear
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.priorities.levels import Level

NEARLY = 0.25
"""Part of what was missing at first below which little is."""
Missing = Callable[[int], float]
"""What is proven to be missing after so many steps; 0 where everything fits."""


def proposals(
    trial: Trial, needs: Sequence[Need], members: Sequence[Member], missing_wh: float
) -> Iterator[Proposal]:
    """Yield what each member alone may offer; ``missing_wh`` is missing of all ``needs``.

    A member that could not make all needs of the zones fit is asked to end this conflict alone.
    """
    for number, member in enumerate(members):
        rest = _without(needs, member)
        settles = trial.fits(rest)
        if not settles:
            rest = [need for other in members if other is not member for need in other.needs]
        found = list(of_member(trial, rest, (number, member, settles), missing_wh))
        if not any(one.way is Way.AMOUNT for one in found):
            yield Proposal(member=number, way=Way.DROP, needs=(), settles=settles)
        yield from found


def _without(needs: Sequence[Need], member: Member) -> list[Need]:
    own = {need.id for need in member.needs}
    return [need for need in needs if need.id not in own]


def of_member(
    trial: Trial, rest: list[Need], place: tuple[int, Member, bool], missing_wh: float
) -> Iterator[Proposal]:
    """Yield how little of a member of a conflict gives enough beside ``rest``, by each way.

    ``place`` is its number, the member, and whether everything can be kept then.
    """
    number, member, settles = place
    first = missing_wh
    if not settles:
        first = trial.verdict([*rest, *member.needs]).missing_wh
    apart = _are_apart(trial.site, rest, member.needs)
    asked, others = (trial.beside(rest), []) if apart else (trial, rest)

    later = {need.id for need in member.needs}.intersection(trial.bound(member.needs).later)

    def missing(needs: Sequence[Need]) -> float:
        found = asked.verdict([*others, *needs])
        put_off = {need.id for need in needs}.intersection(found.bound.later) - later
        offered = not found.fits or (trial.accepts(needs) and not put_off)
        return found.missing_wh if offered else np.inf

    for way in concessions(member, trial.site):
        step = least_step(way, _after(way, missing), first)
        if step is not None:
            changed = way.changed(step)
            yield Proposal(member=number, way=way.way, needs=changed, settles=settles)
    trial.checks += asked.checks if apart else 0


def _after(way: Concession, missing: Callable[[Sequence[Need]], float]) -> Missing:
    return lambda step: missing(way.changed(step))


def _are_apart(site: Site, rest: Sequence[Need], own: Sequence[Need]) -> bool:
    """Whether no asset is asked for something by both; limits of the grid ask none by itself."""
    taken = set[int]().union(*(assets_asked(site, need) for need in rest))
    return not any(taken & assets_asked(site, need) for need in own)


def assets_asked(site: Site, need: Need) -> set[int]:
    """Rows of the assets that a need is about one by one."""
    if need.level is Level.GRID:
        return set()
    found = site.directory.rows(need.subject, need.owner)
    return set() if isinstance(found, Unclear) else set(found.tolist())


def least_step(way: Concession, missing: Missing, first: float) -> int | None:
    """Find the least step at which everything fits; None where no step does.

    ``first`` is missing at step 0. What is missing falls more slowly step by step where assets are
    divisible, so that a straight line through two steps that do not fit meets zero no later than
    the least step that does; every third guess is the middle, or twice as far while nothing fits,
    so that lines never take long. Where little is missing and the line meets zero at once, it is
    followed all the same, but every sixth time.
    """
    low, high, known = 0, way.most + 1, {0: first}

    def tries(step: int) -> None:
        nonlocal low, high
        known[step] = missing(step)
        if known[step] == 0.0:
            high = min(high, step)
        else:
            low = max(low, step)

    tries(_first_guess(way, first))
    while high - low > 1 and low < way.most:
        line = _meets_zero(known, low) if low else high - 1
        middle = (low + high) // 2 if high <= way.most else 2 * low  # nothing fits yet
        near = line == low + 1 and known[low] < NEARLY * first
        far = len(known) % (6 if near else 3) == 0
        guess = middle if far else line
        tries(min(max(guess, low + 1), high - 1))
    return high if high <= way.most else None


def _first_guess(way: Concession, first: float) -> int:
    if not way.step_wh or not np.isfinite(first):
        return 1
    return int(min(max(np.ceil(first / way.step_wh), 1), way.most))


def _meets_zero(known: dict[int, float], low: int) -> int:
    """Where a line through the last two steps that do not fit meets zero."""
    before = max((step for step, one in known.items() if one > 0 and step < low), default=None)
    if before is None or not np.isfinite(known[before]):
        return low + 1
    slope = (known[before] - known[low]) / (low - before)
    return low + 1 if slope <= 0 else int(min(np.ceil(low + known[low] / slope), 2.0**40))
