"""The standing needs of a community: who asked for what, what changed, and what was refused.

A book is a value. Every change gives a new one, or the faults for which nothing was changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from gridpact.base.errors import Fault
from gridpact.scheduling.needs.clock import QUARTER_S, local_date, shown, time_faults
from gridpact.scheduling.needs.contradictions import Contradiction, Placed, contradiction
from gridpact.scheduling.needs.directory import Directory, Unclear
from gridpact.scheduling.needs.model import Assets, Intervention, Need, kind_of
from gridpact.scheduling.needs.ranks import gives_way
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.needs.validation import faults_of
from gridpact.scheduling.priorities.levels import Level

HOUR_S = 3600
INTERVENTIONS_PER_HOUR = 12
"""Interventions that an owner may make in an hour, unless rules say otherwise."""


class Rules(msgspec.Struct, frozen=True):
    """What changes are held to: who and what exists, whose clock and slots count, and how many."""

    directory: Directory
    timezone: str
    interventions_per_hour: int = INTERVENTIONS_PER_HOUR
    step_s: int = QUARTER_S


class Version(msgspec.Struct, frozen=True):
    """Version ``number`` (from 1) of a need: what it became, or None where it was removed.

    ``by`` is the party that said so, ``at`` when [s since the epoch].
    """

    id: str
    number: int
    need: Need | None
    by: str
    at: int


class Book(msgspec.Struct, frozen=True):
    """``needs`` in force, in the order in which they were added, and every ``version`` ever."""

    needs: tuple[Need, ...] = ()
    versions: tuple[Version, ...] = ()

    def of(self, owner: str) -> tuple[Need, ...]:
        """Needs of one owner that are in force."""
        return tuple(need for need in self.needs if need.owner == owner)

    def get(self, name: str) -> Need | None:
        """Need in force by its identifier."""
        return next((need for need in self.needs if need.id == name), None)

    def history(self, name: str) -> tuple[Version, ...]:
        """Every version of a need, the first one first."""
        return tuple(one for one in self.versions if one.id == name)


Changed: TypeAlias = "Book | tuple[Fault, ...]"
"""A new book, or why there is none."""


def add(book: Book, need: Need, by: str, at: int, rules: Rules) -> Changed:
    """Add a need that ``by`` asks for at an instant; it is given an identifier.

    Refused with every fault: what is wrong with it alone, assets that are not its owner's, times
    that are over, a flood of interventions, and needs of the owner that it contradicts.
    """
    if need.id:
        return (_fault(need, "id", f"is {need.id}", "leave it out; the book gives one"),)
    placed = _placed(need, by, at, rules)
    if isinstance(placed, tuple) and not isinstance(placed, Placed):
        return placed
    if faults := (*_flood(book, need, at, rules), *_against(book, placed, at, rules)):
        return faults
    issued = sum(version.number == 1 for version in book.versions)
    return _written(book, replace(placed.need, id=f"need-{issued + 1}"), by, at)


def change(book: Book, name: str, need: Need, by: str, at: int, rules: Rules) -> Changed:
    """Put another need in the place of one in force; it keeps its identifier."""
    before = _own(book, name, by, rules)
    if before is None:
        return (_unknown(book, name, by),)
    if need.owner != before.owner:
        return (_fault(need, "owner", f"is {need.owner}", "keep the owner, or add a need"),)
    placed = _placed(replace(need, id=name), by, at, rules)
    if isinstance(placed, tuple) and not isinstance(placed, Placed):
        return placed
    others = replace(book, needs=tuple(one for one in book.needs if one.id != name))
    if faults := (*_flood(book, need, at, rules), *_against(others, placed, at, rules)):
        return faults
    return _written(book, placed.need, by, at)


def remove(book: Book, name: str, by: str, at: int, rules: Rules) -> Changed:
    """Take a need out of force; only its owner or an operator may."""
    if _own(book, name, by, rules) is None:
        return (_unknown(book, name, by),)
    number = len(book.history(name)) + 1
    needs = tuple(need for need in book.needs if need.id != name)
    return Book(needs, (*book.versions, Version(name, number, None, by, at)))


def standing(book: Book, at: int, timezone: str) -> tuple[Need, ...]:
    """Needs in force that are not over at an instant."""
    return tuple(need for need in book.needs if not time_faults(need, at, timezone))


def clashes(book: Book, need: Need, at: int, rules: Rules) -> Iterator[Contradiction]:
    """Yield what a need in force is in the way of, or what is in its way, where one gives way.

    Each names the need first, then others of its owner.
    """
    new, left = _placed_again(need, rules), [one for one in book.of(need.owner) if one != need]
    near = [_placed_again(one, rules) for one in left if gives_way(need) or gives_way(one)]
    today, alone = local_date(at, rules.timezone), list[Placed]()
    for one in near:
        found = contradiction(new, [one], today)
        if found is None:
            alone.append(one)
        else:
            yield Contradiction((need, one.need), found.why)
    together = contradiction(new, alone, today)
    if together is not None and need in together.needs:
        yield Contradiction((need, *(one for one in together.needs if one != need)), together.why)


def _written(book: Book, need: Need, by: str, at: int) -> Book:
    number = len(book.history(need.id)) + 1
    needs = tuple(need if one.id == need.id else one for one in book.needs)
    if number == 1:
        needs = (*needs, need)
    return Book(needs, (*book.versions, Version(need.id, number, need, by, at)))


def _own(book: Book, name: str, by: str, rules: Rules) -> Need | None:
    need = book.get(name)
    mine = need is not None and (need.owner == by or rules.directory.spans_all(by))
    return need if mine else None


def _unknown(book: Book, name: str, by: str) -> Fault:
    """Refuse an identifier; that of someone else's need is told as one that does not exist."""
    mine = [need.id for need in book.of(by)]
    fix = f"name one of {listed(mine)}" if mine else "add one first"
    return Fault("need", 0, name, "you have no such need", fix)


def _placed(need: Need, by: str, at: int, rules: Rules) -> Placed | tuple[Fault, ...]:
    """Find a need's assets; or what is wrong with it by itself."""
    faults = list(faults_of(need)) or list(time_faults(need, at, rules.timezone, rules.step_s))
    faults += _not_entitled(need, by, rules)
    subject = rules.directory.settle(need.subject, need.owner)
    rows = rules.directory.rows(need.subject, need.owner)
    if isinstance(subject, Unclear) or isinstance(rows, Unclear):
        unclear = subject if isinstance(subject, Unclear) else rows
        if isinstance(unclear, Unclear):
            faults.append(_fault(need, "subject", unclear.problem, unclear.fix))
        return tuple(faults)
    if not len(rows) and isinstance(subject, Assets):
        faults.append(_fault(need, "subject", "names no asset", "name one"))
    if faults:
        return tuple(faults)
    return _on(replace(need, subject=subject), rows.tolist(), rules)


def _not_entitled(need: Need, by: str, rules: Rules) -> Iterator[Fault]:
    if by != need.owner and not rules.directory.spans_all(by):
        yield _fault(need, "owner", f"is {need.owner}, not {by}", "ask for needs of your own")
    if need.level in (Level.GRID, Level.CONTRACTS) and not rules.directory.spans_all(by):
        level = need.level.name.lower()
        fix = "say need or wish"
        yield _fault(need, "level", f"only an operator limits the {level}", fix)


def _flood(book: Book, need: Need, at: int, rules: Rules) -> Iterator[Fault]:
    """Refuse more interventions than an owner may make in an hour, saying what stays in force."""
    if not isinstance(need, Intervention):
        return
    recent = [
        one
        for one in book.versions
        if isinstance(one.need, Intervention)
        and one.need.owner == need.owner
        and one.at > at - HOUR_S
    ]
    if len(recent) >= rules.interventions_per_hour:
        kept = [one.id for one in book.of(need.owner) if isinstance(one, Intervention)]
        stays = f"{listed(kept[::-1])} in force" if kept else "none is in force"
        problem = f"{len(recent)} interventions within an hour; {stays}"
        free = recent[-rules.interventions_per_hour].at + HOUR_S
        yield _fault(need, "begin", problem, f"wait until {shown(free, rules.timezone)}")


def _against(book: Book, placed: Placed, at: int, rules: Rules) -> Iterator[Fault]:
    """Refuse a need that does not go together with others of its owner, naming them.

    What gives way refuses nothing, and is not refused for what stands.
    """
    if gives_way(placed.need):
        return
    others = [need for need in book.of(placed.need.owner) if not gives_way(need)]
    standing = [_placed_again(need, rules) for need in others]
    found = contradiction(placed, standing, local_date(at, rules.timezone))
    if found is not None:
        names = [need.id or f"the new {kind_of(need)}" for need in found.needs]
        problem = f"{' and '.join(names)} cannot both hold: {found.why}"
        kept = [name for name in names if name.startswith("need-")]
        problem += f"; {listed(kept)} {'stays' if len(kept) == 1 else 'stay'} in force"
        fix = f"change it, or remove {' or '.join(kept)}"
        yield _fault(placed.need, "", problem, fix)


def _placed_again(need: Need, rules: Rules) -> Placed:
    """Find the assets of a need in force; none where they are gone since."""
    rows = rules.directory.rows(need.subject, need.owner)
    return _on(need, [] if isinstance(rows, Unclear) else rows.tolist(), rules)


def _on(need: Need, rows: Sequence[int], rules: Rules) -> Placed:
    """Put a need on rows of assets, with what these have in common."""
    assets = [rules.directory.assets[row] for row in rows]
    capacities = {asset.capacity_wh for asset in assets}
    powers = [asset.charge_w for asset in assets if asset.charge_w is not None]
    return Placed(
        need,
        frozenset(rows),
        capacities.pop() if len(capacities) == 1 else None,
        max(powers) if powers and len(powers) == len(assets) else None,
    )


def _fault(need: Need, field: str, problem: str, fix: str) -> Fault:
    name = need.id or kind_of(need)
    return Fault("need", 0, f"{name}.{field}" if field else name, problem, fix)
