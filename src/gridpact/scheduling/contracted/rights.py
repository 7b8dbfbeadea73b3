"""Choices that a plan may make in their author's name, read from terms for the plan's slots.

Open is a choice of a member who left it to plans, in slots of the agreement's life in which it is
active, whose notice has not ended, for which nothing was told, and which no other plan covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.errors import GridpactError, MissingSeries
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.contracts.canonical import from_bytes
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.legs import Leg, as_contract, legs
from gridpact.contracts.needs import nodes
from gridpact.contracts.observables import CHOICE_PREFIX, Choice, Fold, Profile
from gridpact.contracts.periods import segments
from gridpact.contracts.terms import ASSET_UNITS, Contract, within
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.valuation.substitute import choices_in
from gridpact.scheduling.contracted.model import Contracts, Signed
from gridpact.scheduling.contracted.spans import rights_left, whole_span
from gridpact.scheduling.obligations.model import Agreed, OwnChoice, Shortfall
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


class Count(NamedTuple):
    """A right is taken at most ``most`` times in slots ``first ≤ slot < end`` of the horizon."""

    first: int
    end: int
    most: int


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


class Rights(NamedTuple):
    """Rights that a plan may use, and agreements whose choices it cannot make, with the reason."""

    open: tuple[Right, ...] = ()
    unread: Mapping[str, str] = {}


def rights(contracts: Contracts, members: Mapping[str, int], asked: Asked, currency: str) -> Rights:
    """Return what is open to a plan that counts in a currency, by agreement, member and label."""
    found, unread = list[Right](), dict[str, str]()
    for signed in contracts.signed:
        parties = contracts.delegated.get(signed.id, ())
        if signed.state not in MAY_CHOOSE or signed.offer.agreement.step != asked.horizon.step:
            continue
        active = ~contracts.stands_still(signed.id, asked.horizon) & _within(signed, asked.horizon)
        for party in (name for name in parties if name in members):
            try:
                found += _of_party(contracts, signed, (party, currency), active, asked)
            except (GridpactError, ValueError) as error:
                unread[signed.id] = str(error)
    return Rights(tuple(found), unread)


def open_slots(signed: Signed, choice: Choice, active: Bools, asked: Asked) -> Bools:
    """Return where a choice can be made by a plan [horizon]."""
    starts = asked.horizon.starts()
    _, told = signed.standing(choice.label, asked.horizon, planned=False)
    return active & ~told & (starts - choice.notice_s >= asked.at) & asked.own


def unplannable(terms: bytes, party: str, slots: Slots, currency: str) -> str:
    """Say why no plan that counts in a currency can make a party's choices; "" where one can.

    ``slots`` are some of the agreement's first ones.
    """
    rows = legs(terms_of(terms))
    labels = frozenset(each.label for each in choices_of(rows) if each.by == party)
    if not labels:
        return f"the terms leave {party} no choice"
    mine = as_contract(tuple(row for row in rows if choices_in(row.amount, labels)))
    agreed = Agreed(id="", contract=mine, party=party, currency=currency, cut_periods=True)
    try:
        found = read(agreed, slots).choices
    except MissingSeries as missing:
        return f"what is paid hangs on {missing.name!r}, which is only known later"
    except (GridpactError, ValueError) as error:
        return str(error)
    if not any(_is_energy(choice) for choice in found):
        return "how much power is kept ready is weighed by no plan"
    return ""


def without_plans(contracts: Contracts, found: Rights, horizon: Slots) -> Contracts:
    """Return agreements without what plans made of choices where these are open again."""
    starts = horizon.starts()
    for one in found.open:
        signed = contracts.known(one.agreement, one.version)
        if signed is not None and one.label in signed.planned:
            kept = signed.planned[one.label].without(starts[one.open])
            new = msgspec.structs.replace(signed, planned={**signed.planned, one.label: kept})
            contracts = contracts.with_version(new)
    return contracts


@lru_cache(maxsize=256)
def terms_of(terms: bytes) -> Contract:
    """Return the contract of canonical bytes, parsed once."""
    return from_bytes(terms)


def choice_named(terms: bytes, label: str) -> Choice | None:
    """Return a choice that terms leave open, by its label."""
    found = choices_of(legs(terms_of(terms)))
    return next((each for each in found if each.label == label), None)


def lowest(choice: Choice, slots: Slots) -> Ints:
    """What a choice is where nobody makes it [slots]."""
    return np.asarray(choice_ends(choice, _NOTHING, slots)[0])


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
        if not _is_energy(choice):
            continue
        flexible = choice.asset.partition(":")[0] == "flexibility"
        yield Right(
            agreement=signed.id,
            version=signed.version,
            label=label,
            party=party,
            open=where[label] & (np.ptp(_cut(choice.bounds, span, asked.horizon), axis=0) > 0),
            choice=_placed(_signed(choice), span, asked.horizon),
            from_baseline=flexible or holds,
            counts=_counts(choice, counts, span, asked.horizon),
        )


def _is_energy(choice: OwnChoice) -> bool:
    """Whether a choice moves energy, or nothing: power kept ready is weighed by no plan."""
    return not choice.asset or ASSET_UNITS[choice.asset.partition(":")[0]] == "Wh"


def _span(signed: Signed, rows: list[Leg], horizon: Slots) -> Slots:
    agreement = signed.offer.agreement
    life = Slots(agreement.start, agreement.step, (signed.ends - agreement.start) // agreement.step)
    folds = {n.period for n in nodes([row.amount for row in rows]) if isinstance(n, Fold)}
    return whole_span(life, horizon, sorted(folds))


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


def _cut(values: Ints, span: Slots, horizon: Slots) -> Ints:
    """Lay [..., span] over the horizon; 0 where the span has none."""
    found = np.zeros((*values.shape[:-1], horizon.count), np.int64)
    shift = (horizon.start - span.start) // span.step
    first, end = max(shift, 0), min(shift + horizon.count, span.count)
    found[..., first - shift : end - shift] = values[..., first:end]
    return found


def _placed(choice: OwnChoice, span: Slots, horizon: Slots) -> OwnChoice:
    """The same choice over the horizon; of totals, those whose period ends within it."""
    shift = (horizon.start - span.start) // span.step
    return msgspec.structs.replace(
        choice,
        bounds=_cut(choice.bounds, span, horizon),
        given=_cut(choice.given, span, horizon),
        paid=_cut(choice.paid, span, horizon),
        shortfalls=tuple(
            _shifted(one, shift, horizon.count)
            for one in choice.shortfalls
            if 0 < one.end - shift <= horizon.count
        ),
    )


def _shifted(one: Shortfall, shift: int, count: int) -> Shortfall:
    """A shortfall in slots of the horizon; what counted before is off what is agreed."""
    skipped = max(shift - one.first, 0)
    return Shortfall(
        first=max(one.first - shift, 0),
        end=one.end - shift,
        counted=one.counted[:, skipped:],
        agreed_wh=one.agreed_wh - int(one.counted[0, :skipped].sum()),
        rate=one.rate,
    )


def _signed(choice: OwnChoice) -> OwnChoice:
    """What is taken less counts as given: flexibility ``down`` is taken more."""
    if choice.asset.partition(":")[0] != "flexibility":
        return choice
    sign = -1 if choice.asset.endswith(("-down", ":down")) else 1
    given = np.maximum(choice.given, 0) * sign
    return msgspec.structs.replace(choice, given=given)


def _counts(choice: OwnChoice, active: Bools, span: Slots, horizon: Slots) -> tuple[Count, ...]:
    """How often a limited right may be taken in each period that reaches into the horizon."""
    if choice.limit is None:
        return ()
    low, high = choice.bounds
    shift = (horizon.start - span.start) // span.step
    seen = (np.arange(span.count) >= shift) & (np.arange(span.count) < shift + horizon.count)
    found = []
    for part in segments(choice.limit.period, span, cut=True):
        first, end = max(part.start - shift, 0), min(part.stop - shift, horizon.count)
        if first < end:
            later = (np.arange(span.count) >= shift + horizon.count) & active
            may = (high > low) | later
            taken = int(low[part].sum())
            most = rights_left(choice.limit.most, taken, may[part], seen[part])
            found.append(Count(first, end, most))
    return tuple(found)
