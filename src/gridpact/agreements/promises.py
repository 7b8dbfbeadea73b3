"""Whether terms promise anything that can be kept: looked at before anybody signs them.

What depends on data shows only at settlement. What the terms say by themselves shows here: flows
from one to the same, bounds that no choice meets, and times that the agreement's slots cannot tell
apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np

from gridpact.agreements.model import Agreement
from gridpact.base.errors import NumberOverflow
from gridpact.base.slots import Slots, iso
from gridpact.contracts import amounts, periods, times
from gridpact.contracts.errors import DivisorNotPositive, IllFormed, NotOnSlots
from gridpact.contracts.evaluate import Sheet
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.needs import Needs, factors, needs, nodes
from gridpact.contracts.observables import Choice, Const, Fold, Observable, Op, Profile
from gridpact.contracts.references import reference
from gridpact.contracts.terms import Contract
from gridpact.contracts.times import Between, LocalTime

Found: TypeAlias = Iterator[tuple[str, str]]  # problem, fix

LOOKED_AHEAD_S = 400 * 86_400
"""How much of an agreement is held against calendars: a year, with both changes of the clocks."""
_MOST_SLOTS = 40_000
_LATEST = 253_402_300_799 - 2 * 86_400  # calendars end with the year 9999


def broken_promises(agreement: Agreement, contract: Contract) -> Found:
    """Yield why terms cannot hold between anybody, whenever it is."""
    try:
        rows = legs(contract)
    except IllFormed as error:
        yield f"who gives what cannot be told: {error}", "correct the terms"
    else:
        yield from _flows(rows)
    try:
        needed = needs(contract)
    except IllFormed as error:
        yield f"what they need cannot be told: {error}", "correct the terms"
    else:
        yield from _circle(agreement, needed)


def broken_times(agreement: Agreement, contract: Contract) -> Found:
    """Yield why terms cannot hold over an agreement's slots; its other fields make sense."""
    found = list(nodes(factors(contract)))
    off = [*_off_slots(agreement, found)]
    yield from off
    if not off:
        yield from _empty_bounds(agreement, found)


def _flows(rows: Iterable[Leg]) -> Found:
    what = [f"{leg.asset}/{leg.kind}" if leg.kind else leg.asset for leg in rows]
    if not what:
        yield "promise nothing", "let somebody pay or deliver something"
    to_oneself = {
        (leg.giver, asset) for leg, asset in zip(rows, what, strict=True) if leg.giver == leg.taker
    }
    for name, asset in sorted(to_oneself):
        yield f"{name} gives {asset} to {name}", "name two parties of each sale and payment"


def _circle(agreement: Agreement, needed: Needs) -> Found:
    for series in needed.series:
        found = reference(series.name)
        if found is not None and found.agreement == agreement.id:
            yield (
                f"{series.name!r} refers to the agreement itself",
                "refer to another agreement, or choose another identifier",
            )


def _off_slots(agreement: Agreement, found: Iterable[Observable]) -> Found:
    slots, told = _looked_at(agreement), set[str]()
    for node in found:
        problem = _off(agreement, slots, node)
        if problem and problem not in told:
            told.add(problem)
            shown = amounts.written(agreement.step, "s")
            yield problem, f"write times that fall on slots of {shown}, or choose other slots"


def _off(agreement: Agreement, slots: Slots, node: Observable) -> str:
    """Say why slots do not tell apart what an observable does, as its evaluation would."""
    try:
        match node:
            case Profile(step=step) if step != agreement.step:
                return f"a profile by {step} s does not fit slots of {agreement.step} s"
            case Between(start, end):
                return _split_edge(agreement, (start, end))
            case LocalTime():
                times.local_time(node, slots)
            case Fold(period=period):
                periods.segments(period, slots, cut=True)
    except NotOnSlots as error:
        return str(error)
    return ""


def _split_edge(agreement: Agreement, edges: tuple[int, int]) -> str:
    for edge in edges:
        if agreement.start < edge < agreement.end and edge % agreement.step:
            return f"{iso(edge)} splits a slot of {agreement.step} s"
    return ""


def _looked_at(agreement: Agreement) -> Slots:
    """Return the first slots of an agreement, enough to meet every edge of a calendar's year."""
    last = min(agreement.end, agreement.start + LOOKED_AHEAD_S, _LATEST)
    whole = max(-(-(last - agreement.start) // agreement.step), 0)
    return Slots(agreement.start, agreement.step, min(whole, _MOST_SLOTS))


def _empty_bounds(agreement: Agreement, found: Iterable[Observable]) -> Found:
    choices = {node.label: node for node in found if isinstance(node, Choice)}
    for label, choice in sorted(choices.items()):
        below = list(nodes((choice.low, choice.high)))
        if not all(isinstance(node, Const | Profile | Op) for node in below):
            continue
        for slots in _written(agreement, [each for each in below if isinstance(each, Profile)]):
            if problem := _unmet(choice, slots):
                yield f"choice {label!r} {problem}", "write a low bound that is not above the high"
                break


def _written(agreement: Agreement, profiles: Iterable[Profile]) -> Iterator[Slots]:
    """Yield runs of slots in which literals take every value that they have together."""
    step = agreement.step
    yield Slots(agreement.start, step, 1)
    for each in profiles:
        begin = max(each.start - step, agreement.start)
        end = min(each.start + (len(each.values) + 1) * step, agreement.end)
        if begin < end:
            yield Slots(begin, step, (end - begin) // step)


def _unmet(choice: Choice, slots: Slots) -> str:
    sheet = Sheet({}, slots)
    try:
        low, high = sheet.cells(choice.low).low, sheet.cells(choice.high).low
    except (DivisorNotPositive, IllFormed, NumberOverflow) as error:
        return f"has bounds that cannot be worked out: {error}"
    above = np.broadcast_to(low > high, (slots.count,))
    if not above.any():
        return ""
    at = iso(int(slots.starts()[np.argmax(above)]))
    return f"can never be taken: its low bound is above its high bound, as at {at}"
