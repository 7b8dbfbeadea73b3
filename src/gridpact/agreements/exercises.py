"""Exercise a choice: the author decides slots of an agreement, in time and within bounds."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from gridpact.agreements.outcomes import Reason, Refused
from gridpact.agreements.record import (
    Chosen,
    Record,
    State,
    Version,
    choice_of,
    choosing_in,
)
from gridpact.agreements.transitions import Outcome, advanced
from gridpact.base.errors import GridpactError
from gridpact.base.slots import Slots, iso
from gridpact.base.units import INT64_MAX, Ints
from gridpact.contracts.cells import Cells
from gridpact.contracts.evaluate import Sheet
from gridpact.contracts.needs import nodes
from gridpact.contracts.observables import Choice, Fold, Observable, Series

_MAY_CHOOSE = (State.COUNTERSIGNED, State.ACTIVE)


def exercise(
    record: Record, number: int, party: str, decided: tuple[str, Slots, Ints], now: int
) -> Outcome:
    """Decide ``(label, slots, values)`` of one choice of a version, all slots or none.

    Values are int64 [slots.count] in the choice's unit. Deciding the same again changes nothing;
    deciding otherwise revises, as long as there is time. A bound that depends on series is only
    known at settlement, where a value beyond it counts up to the bound.
    """
    label, slots, values = decided
    record = advanced(record, now)
    version = record.version(number)
    if version is None:
        return Refused(Reason.UNKNOWN, f"there is no version {number}")
    if version.state not in _MAY_CHOOSE:
        return Refused(Reason.WRONG_STATE, f"version {number} is {version.state}")
    choice = choice_of(version.agreement.terms, label)
    if choice is None:
        return Refused(Reason.UNKNOWN, f"the terms leave no choice {label!r} open")
    if party != choice.by:
        return Refused(Reason.NOT_THE_AUTHOR, f"{choice.by} decides {label!r}, not {party}")
    refused = _misplaced(version, slots, values) or _late(choice, slots, now)
    refused = refused or _out_of_bounds(choice, slots, values)
    return refused or _recorded(record, version, label, slots, values)


def delegation_refused(record: Record, party: str, now: int) -> Refused | None:
    """Tell why a party cannot leave its choices to plans: it is none, or decides nothing."""
    standing = [
        each
        for each in advanced(record, now).versions
        if each.binds or each.state is State.PROPOSED
    ]
    if not standing:
        return Refused(Reason.WRONG_STATE, "no version is on offer or in force")
    if not any(party in each.agreement.names for each in standing):
        return Refused(Reason.NOT_A_PARTY, f"{party} is no party")
    if not any(party in choosing_in(each.agreement.terms) for each in standing):
        return Refused(Reason.NOT_THE_AUTHOR, f"the terms leave {party} no choice")
    return None


def _misplaced(version: Version, slots: Slots, values: Ints) -> Refused | None:
    agreement = version.agreement
    if values.dtype != np.int64 or values.shape != (slots.count,) or not slots.count:
        return Refused(Reason.ILL_FORMED, "give one whole number for each of one slot or more")
    if values.min() < -INT64_MAX:
        return Refused(Reason.ILL_FORMED, "a value must fit 64 bits with either sign")
    if slots.step != agreement.step:
        return Refused(Reason.OFF_SLOTS, f"slots of {agreement.step} s are agreed")
    if slots.start < agreement.start or slots.end > version.ends:
        span = f"{iso(agreement.start)} to {iso(version.ends)}"
        return Refused(Reason.OUTSIDE_TERM, f"the version runs from {span}")
    return None


def _late(choice: Choice, slots: Slots, now: int) -> Refused | None:
    if slots.start - choice.notice_s >= now:
        return None
    sentence = f"{iso(slots.start)} was to be decided {choice.notice_s} s before"
    return Refused(Reason.TOO_LATE, sentence)


def _out_of_bounds(choice: Choice, slots: Slots, values: Ints) -> Refused | None:
    low, high = (_known(bound, slots) for bound in (choice.low, choice.high))
    wrong = np.zeros(slots.count, np.bool_)
    if low is not None:
        wrong |= values < low.low
    if high is not None:
        wrong |= values > high.high
    if not wrong.any():
        return None
    at = iso(int(slots.starts()[np.argmax(wrong)]))
    return Refused(Reason.OUT_OF_BOUNDS, f"{choice.label!r} is outside its bounds at {at}")


def _known(bound: Observable, slots: Slots) -> Cells | None:
    """Evaluate a bound that depends on nothing but time and the terms; None for any other."""
    if any(isinstance(node, Series | Choice | Fold) for node in nodes([bound])):
        return None
    try:
        return Sheet({}, slots).cells(bound)
    except GridpactError:  # to be told at settlement, where all of it is known
        return None


def _recorded(record: Record, version: Version, label: str, slots: Slots, values: Ints) -> Record:
    before = version.chosen.get(label, Chosen(np.zeros(0, np.int64), np.zeros(0, np.int64)))
    made = replace(version, chosen={**version.chosen, label: before.revised(slots, values)})
    place = version.agreement.version - 1
    versions = (*record.versions[:place], made, *record.versions[place + 1 :])
    return replace(record, versions=versions)
