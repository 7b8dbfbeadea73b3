"""What terms say of the choices that they leave to a party."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gridpact.base.errors import GridpactError, MissingSeries
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.canonical import from_bytes
from gridpact.contracts.evaluate import World
from gridpact.contracts.legs import as_contract, legs
from gridpact.contracts.observables import Choice
from gridpact.contracts.periods import segments
from gridpact.contracts.terms import ASSET_UNITS, Contract
from gridpact.contracts.valuation.rights import Limit, limit_of
from gridpact.contracts.valuation.substitute import choices_in
from gridpact.scheduling.contracted.model import BySlot, Signed
from gridpact.scheduling.contracted.spans import whole_span
from gridpact.scheduling.obligations.model import Agreed, OwnChoice
from gridpact.scheduling.obligations.reading import choice_ends, choices_of, read

_NOTHING: World = {}


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
    if not any(is_energy(choice) for choice in found):
        return "how much power is kept ready is weighed by no plan"
    return ""


@lru_cache(maxsize=256)
def terms_of(terms: bytes) -> Contract:
    """Return the contract of canonical bytes, parsed once."""
    return from_bytes(terms)


def choice_named(terms: bytes, label: str) -> Choice | None:
    """Return a choice that terms leave open, by its label."""
    found = choices_of(legs(terms_of(terms)))
    return next((each for each in found if each.label == label), None)


def spared(signed: Signed, label: str, starts: Ints) -> Ints:
    """Return those of some slots in which a choice still counts, with what was told of others."""
    agreement = signed.offer.agreement
    limit = _limit_of(agreement.terms, label)
    if limit is None or not starts.size:
        return starts
    told = signed.chosen.get(label, BySlot())
    used = told.starts[told.values > 0]
    step, first = agreement.step, int(starts[0])
    around = Slots(first, step, (int(starts[-1]) - first) // step + 1)
    span, kept = whole_span(signed.whole_life, around, [limit.period]), list[Ints]()
    for part in segments(limit.period, span, cut=True):
        begin, end = span.start + part.start * step, span.start + part.stop * step
        left = max(limit.most - int(((used >= begin) & (used < end)).sum()), 0)
        kept.append(starts[(starts >= begin) & (starts < end)][:left])
    return np.concatenate(kept)


@lru_cache(maxsize=256)
def _limit_of(terms: bytes, label: str) -> Limit | None:
    """How often a choice counts by some terms, looked up once."""
    rows, choice = legs(terms_of(terms)), choice_named(terms, label)
    return None if choice is None else limit_of(rows, choice)


def lowest(choice: Choice, slots: Slots) -> Ints:
    """What a choice is where nobody makes it [slots]."""
    return np.asarray(choice_ends(choice, _NOTHING, slots)[0])


def is_energy(choice: OwnChoice) -> bool:
    """Whether a choice moves energy, or nothing: power kept ready is weighed by no plan."""
    return not choice.asset or ASSET_UNITS[choice.asset.partition(":")[0]] == "Wh"
