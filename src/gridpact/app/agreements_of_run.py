"""What agreements of a run came to: who decided what, and who pays whom, by their terms."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gridpact.agreements import handlers
from gridpact.agreements.handlers import Agreements
from gridpact.agreements.messages import (
    ChoiceExercised,
    ChoicesDelegated,
)
from gridpact.agreements.outcomes import Refused
from gridpact.agreements.record import Record as Kept
from gridpact.agreements.record import Version, choice_of
from gridpact.agreements.settle import settle
from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault, GridpactError, MissingSeries
from gridpact.base.slots import Slots
from gridpact.contracts.errors import PeriodCut


class Told(msgspec.Struct, frozen=True):
    """What ``by`` told of a choice at ``at`` for slots from ``start`` to ``end``: one value each.

    Instants are [s since the epoch], values in the unit of the choice.
    """

    choice: str
    by: str
    start: int
    end: int
    values: tuple[int, ...]
    at: int


class Paid(msgspec.Struct, frozen=True):
    """What a payer pays a payee in all for a kind of cash flow [nano]."""

    payer: str
    payee: str
    kind: str
    currency: str
    nano: int


class AgreementView(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement as a run left it: it ran, or runs, from ``start`` until ``end``.

    ``paid`` counts slots before ``until`` [s since the epoch]; ``unsettled`` says why there is
    nothing. ``plans_choose_for`` are parties who left their choices to plans.
    """

    id: str
    state: str
    start: int
    end: int
    parties: tuple[str, ...]
    plans_choose_for: tuple[str, ...]
    told: tuple[Told, ...]
    until: int
    paid: tuple[Paid, ...] = ()
    unsettled: str = ""


def agreement_views(record: Record, only: str | None = None) -> list[AgreementView]:
    """Return the agreements of a run, or ``only`` one, in order of their identifiers.

    Raises BadInput where there is none of that name.
    """
    state, now = _replayed(record)
    if only is not None and only not in state.records:
        some = ", ".join(sorted(state.records)[:8])
        fix = f"name one of {some}" if some else "nobody agreed anything in this run"
        raise BadInput([Fault("arguments", 0, "--agreement", f"there is no {only[:80]!r}", fix)])
    names = sorted(state.records) if only is None else [only]
    return [_view(record, name, state.records[name], now) for name in names]


def _replayed(record: Record) -> tuple[Agreements, int]:
    """The records of agreements, and how far the run got [s since the epoch]."""
    room = handlers.room()
    state = room.state
    kept = (one for kind in room.handlers for one in record.kept(kind))
    for one in sorted(kept, key=lambda each: each.seq):
        state, _ = room.handlers[type(one.message)](state, one.message, one.time)
    return state, record.latest


def _view(record: Record, name: str, kept: Kept, now: int) -> AgreementView:
    versions = [each for each in kept.versions if each.bound_at >= 0] or list(kept.versions)
    last = versions[-1]
    slots = _so_far(versions, now)
    found = AgreementView(
        id=name,
        state=str(last.state),
        start=versions[0].agreement.start,
        end=last.ends,
        parties=last.agreement.names,
        plans_choose_for=_delegated(record, name),
        told=tuple(_told(record, name, versions)),
        until=slots.end,
    )
    try:
        flows = settle(kept, {}, slots)
    except MissingSeries as missing:
        reason = f"they hang on {missing.name!r}, which no run keeps"
        return msgspec.structs.replace(found, unsettled=reason)
    except PeriodCut as cut:
        return msgspec.structs.replace(found, unsettled=f"a period has not ended: {cut}")
    except GridpactError as error:
        return msgspec.structs.replace(found, unsettled=str(error))
    if isinstance(flows, Refused):
        return msgspec.structs.replace(found, unsettled=flows.sentence)
    paid = (
        Paid(payer, payee, kind, currency, int(amount.sum()))
        for (payer, payee, currency, kind), amount in flows.items()
    )
    return msgspec.structs.replace(found, paid=tuple(one for one in paid if one.nano))


def _so_far(versions: list[Version], now: int) -> Slots:
    """The slots of all versions that are over."""
    first, step = versions[0].agreement.start, versions[0].agreement.step
    end = min(versions[-1].ends, now // step * step)
    return Slots(first, step, max(end - first, 0) // step)


def _delegated(record: Record, name: str) -> tuple[str, ...]:
    parties = dict[str, bool]()
    for one in record.all(ChoicesDelegated):
        if one.agreement == name:
            parties[one.party] = one.to_plans
    return tuple(sorted(party for party, plans in parties.items() if plans))


def _told(record: Record, name: str, versions: list[Version]) -> Iterator[Told]:
    """Yield what was decided, in the order in which it was told."""
    terms = {each.agreement.version: each.agreement.terms for each in versions}
    for one in record.kept(ChoiceExercised):
        said = one.message
        if isinstance(said, ChoiceExercised) and said.agreement == name and said.version in terms:
            choice = choice_of(terms[said.version], said.label)
            yield Told(
                choice=said.label,
                by="" if choice is None else choice.by,
                start=said.slots.start,
                end=said.slots.end,
                values=tuple(said.values.tolist()),
                at=one.time,
            )
