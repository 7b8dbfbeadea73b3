"""Choices that a plan may make in their author's name, read from terms for the plan's slots.

Open is a choice of a member who left it to plans, in slots of the agreement's life in which it is
active, whose notice has not ended, for which nothing was told, and which no other plan covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from gridpact.base.errors import GridpactError
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.legs import Leg, as_contract, legs
from gridpact.contracts.needs import nodes
from gridpact.contracts.observables import CHOICE_PREFIX, Choice, Fold, Profile
from gridpact.contracts.terms import ASSET_UNITS, Contract, within
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.valuation.substitute import choices_in
from gridpact.scheduling.contracted.model import Contracts, Signed
from gridpact.scheduling.contracted.over_horizon import Count, counts_of, cut, less_as_given, placed
from gridpact.scheduling.contracted.own_terms import is_energy, terms_of
from gridpact.scheduling.contracted.spans import whole_span
from gridpact.scheduling.obligations.model import Agreed, OwnChoice
from gridpact.scheduling.obligations.reading import choice_ends, choices_of, read

MAY_CHOOSE = ("countersigned", "active")
"""States of a version in which a choice may be told."""
_NOTHING: World = {}


class Asked(NamedTuple):
    """A plan that is asked for ``at`` an instant [s since the epoch] for the slots of ``window``.

    It looks over ``horizon``, which begins with the window; in slots ``covered`` [horizon] beyond
    the window another plan is in force already.
    """

    window: Slots
    horizon: Slots
    at: int
    covered: Bools

    @property
    def own(self) -> Bools:
        """Slots that are this plan's to decide [horizon]."""
        return (self.horizon.starts() < self.window.end) | ~self.covered


class Right(NamedTuple):
    """A choice that is open to a plan: what it moves and pays in the slots of the horizon.

    ``open`` [horizon] marks slots to be decided; ``choice`` has arrays [2, horizon], the bounds in
    rows. ``from_baseline``: what it moves counts from a baseline, positive where less is taken.
    """

    agreement: str
    version: int
    label: str
    party: str
    open: Bools
    choice: OwnChoice
    from_baseline: bool
    counts: tuple[Count, ...]


def rights(
    contracts: Contracts, members: Mapping[str, int], asked: Asked, currency: str
) -> tuple[Right, ...]:
    """Return what is open to a plan that counts in a currency, by agreement, member and label.

    What no plan can weigh is left out, to be told by its author.
    """
    found = list[Right]()
    for signed in contracts.signed:
        parties = contracts.delegated.get(signed.id, ())
        if signed.state not in MAY_CHOOSE or signed.offer.agreement.step != asked.horizon.step:
            continue
        active = ~contracts.stands_still(signed.id, asked.horizon) & _within(signed, asked.horizon)
        for party in (name for name in parties if name in members):
            with suppress(GridpactError, ValueError):
                found += list(_of_party(contracts, signed, (party, currency), active, asked))
    return tuple(found)


def open_slots(signed: Signed, choice: Choice, active: Bools, asked: Asked) -> Bools:
    """Return where a choice can be made by a plan [horizon]."""
    starts = asked.horizon.starts()
    _, told = signed.standing(choice.label, asked.horizon, planned=False)
    return active & ~told & (starts - choice.notice_s >= asked.at) & asked.own


def _within(signed: Signed, slots: Slots) -> Bools:
    life, starts = signed.life(slots), slots.starts()
    return np.asarray((starts >= life.start) & (starts < life.end))


def _of_party(
    contracts: Contracts, signed: Signed, who: tuple[str, str], active: Bools, asked: Asked
) -> Iterator[Right]:
    """Yield the choices of one party that are open; raises where terms cannot be planned with.

    ``who`` are the party and the currency of the plan.
    """
    party, currency = who
    rows = legs(terms_of(signed.offer.agreement.terms))
    own = [each for each in choices_of(rows) if each.by == party]
    where = {each.label: open_slots(signed, each, active, asked) for each in own}
    labels = frozenset(label for label, slots in where.items() if slots.any())
    if not labels:
        return
    mine = [row for row in rows if choices_in(row.amount, labels)]
    span = _span(signed, mine, asked.horizon)
    counts = ~contracts.stands_still(signed.id, span)
    agreed = Agreed(
        id=signed.id,
        contract=_masked(mine, span, counts),
        party=party,
        currency=currency,
        world=_made(signed, choices_of(mine), (span, where), asked.horizon),
        cut_periods=True,
    )
    holds = any(ASSET_UNITS[row.asset.partition(":")[0]] == "W" for row in rows)
    for choice in read(agreed, span).choices:
        label = choice.key.removeprefix(CHOICE_PREFIX)
        if not is_energy(choice):
            continue
        flexible = choice.asset.partition(":")[0] == "flexibility"
        yield Right(
            agreement=signed.id,
            version=signed.version,
            label=label,
            party=party,
            open=where[label] & (np.ptp(cut(choice.bounds, span, asked.horizon), axis=0) > 0),
            choice=placed(less_as_given(choice), span, asked.horizon),
            from_baseline=flexible or holds,
            counts=counts_of(choice, counts, span, asked.horizon),
        )


def _span(signed: Signed, rows: list[Leg], horizon: Slots) -> Slots:
    folds = {n.period for n in nodes([row.amount for row in rows]) if isinstance(n, Fold)}
    return whole_span(signed.whole_life, horizon, sorted(folds))


def _masked(rows: list[Leg], span: Slots, counts: Bools) -> Contract:
    """The legs, which count where the agreement does not stand still."""
    contract = as_contract(tuple(rows))
    if counts.all():
        return contract
    return within(Profile(span.start, span.step, tuple(counts.astype(int).tolist()), ONE), contract)


def _made(
    signed: Signed, choices: list[Choice], where: tuple[Slots, Mapping[str, Bools]], horizon: Slots
) -> World:
    """The world in which only what is open is: elsewhere choices stand as told, planned, or low."""
    span, open_in = where
    world: dict[str, Ints | Known] = {}
    for choice in choices:
        ends = choice_ends(choice, _NOTHING, span)
        own = choice.label in open_in
        values, made = signed.standing(choice.label, span, planned=own)
        stands = np.where(made, np.clip(values, ends[0], ends[1]), ends[0])
        still = np.ones(span.count, np.bool_)
        if own:
            first = (horizon.start - span.start) // span.step
            places = np.flatnonzero(open_in[choice.label]) + first
            still[places] = False
        world[choice.key] = stands if still.all() else Known(stands, still)
    return world
