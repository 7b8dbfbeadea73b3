"""What a signed agreement asks of its members in some slots: a reading of its physical legs.

Energy of an agreement is given or taken at the member's connection. Flexibility, and energy that
is called from capacity held, counts from a baseline instead. A leg whose amount hangs on what is
only measured asks for nothing beforehand. A choice stands as it was made, for its author also as a
plan makes it, and at its lower bound elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

import msgspec
import numpy as np

from gridpact.base.errors import GridpactError, MissingSeries
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.contracts.canonical import from_bytes
from gridpact.contracts.evaluate import Known, Sheet, World
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.observables import CHOICE_PREFIX
from gridpact.contracts.terms import ASSET_UNITS
from gridpact.scheduling.contracted.model import Contracts, Signed
from gridpact.scheduling.obligations.reading import choice_ends, choices_of

_DOWN, _UP = ("-down", ":down"), ("-up", ":up")


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """What one agreement asks of one party in some slots; arrays [slots].

    ``given_wh`` is given (taken where negative) at the connection, ``less_wh`` is taken less than
    the baseline (more where negative). ``up_w`` and ``down_w`` are kept ready. ``unread`` says why
    some of it asks for nothing.
    """

    agreement: str
    party: str
    given_wh: Ints
    less_wh: Ints
    up_w: Ints
    down_w: Ints
    unread: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        every = (self.given_wh, self.less_wh, self.up_w, self.down_w)
        return not any(one.any() for one in every)

    def asks_as(self, other: Duty) -> bool:
        """Whether another duty is of the same agreement and party and asks for the same."""
        columns = ("given_wh", "less_wh", "up_w", "down_w")
        same = all(np.array_equal(getattr(self, name), getattr(other, name)) for name in columns)
        return same and (self.agreement, self.party) == (other.agreement, other.party)


def duties(contracts: Contracts, parties: Collection[str], slots: Slots) -> Iterator[Duty]:
    """Yield what agreements that bind ask of some parties, in order of their names."""
    for signed in contracts.signed:
        life = signed.life(slots)
        if not life.count:
            continue
        active = ~contracts.stands_still(signed.id, life)
        for party in signed.offer.agreement.names:
            if party in parties:
                yield _placed(_read(signed, party, life), life, active, slots)


def _placed(duty: Duty, life: Slots, active: Bools, slots: Slots) -> Duty:
    """Lay what is asked during a life over all slots, and leave out what stands still."""
    first = (life.start - slots.start) // slots.step
    found = {}
    for name in ("given_wh", "less_wh", "up_w", "down_w"):
        found[name] = np.zeros(slots.count, np.int64)
        found[name][first : first + life.count] = getattr(duty, name) * active
    return msgspec.structs.replace(duty, **found)


def _read(signed: Signed, party: str, life: Slots) -> Duty:
    """Read the physical legs of one party over a life."""
    none, unread = np.zeros(life.count, np.int64), dict[str, None]()
    total = dict.fromkeys(("given_wh", "less_wh", "up_w", "down_w"), none)
    agreement = signed.offer.agreement
    found: list[tuple[Leg, Ints]] = []
    rows = [row for row in _physical(agreement.terms) if party in (row.giver, row.taker)]
    if rows and agreement.step != life.step:
        rows = []
        unread[f"is agreed by slots of {agreement.step} s, plans have {life.step} s"] = None
    for row in rows:
        try:
            found.append((row, _amount(signed, row, party, life)))
        except MissingSeries as error:
            unread[f"{row.asset} hangs on {error.name!r}, which is only measured"] = None
        except (GridpactError, ValueError) as error:
            unread[f"{row.asset} cannot be read: {error}"] = None
    holds = any(ASSET_UNITS[row.asset.partition(":")[0]] == "W" for row in rows)
    for row, amount in found:
        for name, more in _counted(row.asset, amount, from_baseline=holds):
            total[name] = total[name] + more
    total["up_w"], total["down_w"] = _left(total, life.step)
    return Duty(agreement=signed.id, party=party, unread=tuple(unread), **total)


def _counted(asset: str, amount: Ints, *, from_baseline: bool) -> Iterator[tuple[str, Ints]]:
    """What an amount of an asset [slots], positive from the party, counts as."""
    family = asset.partition(":")[0]
    if family == "capacity":
        if not asset.endswith(_DOWN):
            yield "up_w", np.maximum(amount, 0)
        if not asset.endswith(_UP):
            yield "down_w", np.maximum(amount, 0)
    elif family == "flexibility":
        # flexibility that a party receives is given by the other one
        yield "less_wh", np.maximum(amount, 0) * (-1 if asset.endswith(_DOWN) else 1)
    elif family == "energy":
        yield ("less_wh" if from_baseline else "given_wh"), amount


def _left(total: dict[str, Ints], step: int) -> tuple[Ints, Ints]:
    """What is still kept ready [slots] W: capacity that is called has been used."""
    called_w = total["less_wh"] * 3600 // step
    up = np.maximum(total["up_w"] - np.maximum(called_w, 0), 0)
    return up, np.maximum(total["down_w"] - np.maximum(-called_w, 0), 0)


@lru_cache(maxsize=256)
def _physical(terms: bytes) -> tuple[Leg, ...]:
    """Legs of some terms that are no money, parsed once."""
    return tuple(row for row in legs(from_bytes(terms)) if not row.currency)


def _amount(signed: Signed, row: Leg, party: str, life: Slots) -> Ints:
    """What a leg moves [slots], positive from the party."""
    world: dict[str, Ints | Known] = {}
    for choice in choices_of([row]):
        low, high = choice_ends(choice, _NOTHING, life)
        values, made = signed.standing(choice.label, life, planned=choice.by == party)
        world[CHOICE_PREFIX + choice.label] = np.where(made, np.clip(values, low, high), low)
    sign = (row.giver == party) - (row.taker == party)
    found = Sheet(world, life, cut_periods=True).needed(row.amount).low
    return np.asarray(sign * np.broadcast_to(found, (life.count,)), np.int64)


_NOTHING: World = {}
