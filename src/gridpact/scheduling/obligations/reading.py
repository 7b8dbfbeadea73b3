"""Read a contract for a plan: what is fixed, and what each choice of the party can change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints, checked_add
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Known, Sheet, World
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.needs import nodes
from gridpact.contracts.observables import CHOICE_PREFIX, Choice, Observable, Profile, Series
from gridpact.contracts.valuation.bends import bends
from gridpact.contracts.valuation.rights import folds_over, uncounted
from gridpact.contracts.valuation.substitute import choices_in, substituted
from gridpact.scheduling.obligations.model import Agreed, Limit, OwnChoice, Reading, Shortfall
from gridpact.scheduling.obligations.shortfalls import pattern_of, shortfalls_of

LOW, HIGH = 0, 1


def read(agreed: Agreed, slots: Slots) -> Reading:
    """Read a contract whose parties are bound.

    Raises IllFormed with the reason where its choices cannot be limits of a fleet, and as
    :func:`gridpact.contracts.cashflows.cashflows`.
    """
    rows = [row for row in _rows(agreed, slots) if agreed.party in (row.giver, row.taker)]
    _check_currency(agreed, rows)
    choices = choices_of(rows)
    own = {one.key: one for one in choices if one.by == agreed.party}
    ends = {one.key: _ends(one, agreed, slots) for one in choices}
    world = dict(agreed.world) | {
        key: end[HIGH if agreed.others == "most" and key not in own else LOW]
        for key, end in ends.items()
    }
    free = [one for one in own.values() if np.any(ends[one.key][LOW] != ends[one.key][HIGH])]
    labels = frozenset(one.label for one in free)
    fixed = [row for row in rows if not choices_in(row.amount, labels)]
    sheet = Sheet(world, slots, cut_periods=agreed.cut_periods)
    given = tuple((row.asset, _moved(sheet, row, agreed)) for row in fixed if not row.currency)
    taken = []
    for choice in free:
        mine = [row for row in rows if choices_in(row.amount, labels) >= {choice.label}]
        _check_alone(choice, mine, labels)
        taken.append(_read_choice(choice, mine, agreed, ends[choice.key], world, slots))
    return Reading(given, _paid(sheet, fixed, agreed), tuple(taken))


def _rows(agreed: Agreed, slots: Slots) -> list[Leg]:
    """Legs of a contract, with the series that the schedule decides read as choices."""

    def rule(node: Observable) -> Observable | None:
        if not isinstance(node, Series) or node.name not in agreed.decided:
            return None
        bounds = agreed.decided[node.name]
        low, high = (
            Profile(slots.start, slots.step, tuple(np.asarray(end).tolist()), node.unit)
            for end in (bounds.low, bounds.high)
        )
        return Choice(node.name, agreed.party, low, high, 0, node.unit)

    return [substituted(row, rule) for row in legs(agreed.contract)]


def _check_currency(agreed: Agreed, rows: Sequence[Leg]) -> None:
    foreign = sorted({row.currency for row in rows} - {"", agreed.currency})
    if foreign:
        raise IllFormed(f"it pays in {', '.join(foreign)}, the schedule counts {agreed.currency}")


def choices_of(rows: Sequence[Leg]) -> list[Choice]:
    """Return every choice in some legs, each once."""
    found: dict[str, Choice] = {}
    for node in nodes([row.amount for row in rows]):
        if isinstance(node, Choice) and found.setdefault(node.label, node) != node:
            raise IllFormed(f"choice {node.label!r} is used with two meanings")
    return [found[label] for label in sorted(found)]


def choice_ends(choice: Choice, world: World, slots: Slots) -> Ints:
    """Bounds of a choice [2, slots] as agreed; raises as an evaluation of its terms."""
    cells = Sheet(world, slots, open_choices=True).needed(choice)
    return np.stack([np.broadcast_to(end, slots.count) for end in (cells.low, cells.high)])


def _ends(choice: Choice, agreed: Agreed, slots: Slots) -> Ints:
    """Bounds of a choice [2, slots]: equal where it is made, or can no longer be made."""
    made = agreed.world.get(choice.key)
    ends = choice_ends(choice, _choices_open(agreed.world), slots)
    if agreed.now is not None:
        late = slots.starts() - choice.notice_s < agreed.now
        ends[HIGH] = np.where(late, ends[LOW], ends[HIGH])
    if isinstance(made, Known):
        ends = np.where(made.present, made.values, ends)
    return np.asarray(ends)


def _choices_open(world: World) -> World:
    """Leave out choices made for some slots alone: elsewhere they are open."""
    partial = {key for key, value in world.items() if isinstance(value, Known)}
    made = {key for key in partial if key.startswith(CHOICE_PREFIX)}
    return {key: value for key, value in world.items() if key not in made}


def _moved(sheet: Sheet, row: Leg, agreed: Agreed) -> Ints:
    """What a leg moves [slots], positive from the party."""
    sign = (row.giver == agreed.party) - (row.taker == agreed.party)
    return sign * np.array(np.broadcast_to(sheet.needed(row.amount).low, sheet.slots.count))


def _paid(sheet: Sheet, rows: Sequence[Leg], agreed: Agreed) -> Ints:
    """What the party pays by some legs [slots], nano-¤."""
    total = np.zeros(sheet.slots.count, np.int64)
    for row in rows:
        if row.currency:
            total = checked_add(total, _moved(sheet, row, agreed))
    return total


def _check_alone(choice: Choice, mine: Sequence[Leg], labels: frozenset[str]) -> None:
    """Refuse choices that share a leg, and those that move several assets."""
    beside = {label for row in mine for label in choices_in(row.amount, labels)} - {choice.label}
    if beside:
        both = f"{choice.label!r} and {sorted(beside)[0]!r}"
        raise IllFormed(f"{both} enter one payment or delivery together")
    assets = [row.asset for row in mine if not row.currency]
    if len(assets) > 1:
        raise IllFormed(f"{choice.label!r} moves {' and '.join(assets)} at once")


def _read_choice(
    choice: Choice, mine: Sequence[Leg], agreed: Agreed, ends: Ints, world: World, slots: Slots
) -> OwnChoice:
    own = frozenset((choice.label,))
    mine, limit = uncounted(mine, choice)
    summed = [row for row in mine if folds_over(row.amount, own)]
    each = [row for row in mine if row not in summed]
    moved = [row for row in each if not row.currency]
    sheets = tuple(
        Sheet({**world, choice.key: end}, slots, cut_periods=agreed.cut_periods) for end in ends
    )
    patterns = [pattern_of(row, choice.label) for row in summed]
    amounts = [row.amount for row in each] + [pattern.actual for pattern in patterns]
    if not choice.is_mask:
        _check_affine(choice, amounts, sheets[LOW], ends)
    nothing = np.zeros((2, slots.count), np.int64)
    given = np.stack([_moved(sheet, moved[0], agreed) for sheet in sheets]) if moved else nothing
    found: list[Shortfall] = []
    for row, pattern in zip(summed, patterns, strict=True):
        sign = (row.giver == agreed.party) - (row.taker == agreed.party)
        found.extend(shortfalls_of(pattern, sign, (sheets[LOW], sheets[HIGH]), given))
    return OwnChoice(
        key=choice.label if choice.label in agreed.decided else choice.key,
        bounds=ends,
        whole=choice.is_mask,
        asset=moved[0].asset if moved else "",
        given=given,
        paid=np.stack([_paid(sheet, each, agreed) for sheet in sheets]),
        shortfalls=tuple(found),
        limit=None if limit is None else Limit(max(limit.most, 0), limit.period),
    )


def _check_affine(choice: Choice, amounts: Sequence[Observable], sheet: Sheet, ends: Ints) -> None:
    """Refuse payments and deliveries that bend or jump between the bounds of a choice."""
    for bend in bends(choice, amounts, frozenset()):
        none, one = (sheet.needed(node).low for node in (bend.at_none, bend.at_one))
        low, high = (none + (one - none) * end for end in ends)
        apart = (low >= 0) != (high >= 0) if bend.jumps else np.sign(low) * np.sign(high) < 0
        if np.any(apart):
            raise IllFormed(f"payments bend within the bounds of {choice.label!r}: narrow them")
