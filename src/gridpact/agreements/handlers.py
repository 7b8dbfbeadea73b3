"""The agreements' part of the loop: requests come in, timers fall due, what changed is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from gridpact.agreements import transitions
from gridpact.agreements.exercises import delegation_refused, exercise
from gridpact.agreements.messages import (
    AgreementChanged,
    AgreementDue,
    AgreementRefused,
    AgreeToEnd,
    ChoiceExercised,
    ChoicesDelegated,
    CountersignAgreement,
    DelegateChoices,
    EndAgreement,
    EndingSet,
    ExerciseChoice,
    GiveNotice,
    ProposeAgreement,
    RejectAgreement,
    ResumeAgreement,
    SuspendAgreement,
    TermsSigned,
    WithdrawAgreement,
)
from gridpact.agreements.outcomes import Reason, Refused
from gridpact.agreements.record import Record, Version
from gridpact.agreements.transitions import Outcome
from gridpact.kernel.codec import tag_of
from gridpact.kernel.messages import Later, Message, Out
from gridpact.kernel.rooms import Room, Step


class Agreements(msgspec.Struct, frozen=True):
    """Every agreement's record, by its identifier."""

    records: dict[str, Record]


def room() -> Room[Agreements]:
    """Return the room for the loop. It knows no community: an agreement names its own parties."""
    return Room(
        "agreements",
        Agreements({}),
        {
            ProposeAgreement: proposed,
            CountersignAgreement: countersigned,
            RejectAgreement: rejected,
            WithdrawAgreement: withdrawn,
            ExerciseChoice: exercised,
            DelegateChoices: delegated,
            SuspendAgreement: suspended,
            ResumeAgreement: resumed,
            AgreeToEnd: agreed_to_end,
            GiveNotice: noticed,
            EndAgreement: ended,
            AgreementDue: due,
        },
    )


def proposed(state: Agreements, message: ProposeAgreement, now: int) -> Step[Agreements]:
    """Take an offer, and set the timer that lets it lapse."""
    name = message.agreement.id
    outcome = transitions.propose(
        state.records.get(name), message.party, message.agreement, message.signature, now
    )
    return _told(state, name, message, outcome)


def countersigned(state: Agreements, message: CountersignAgreement, now: int) -> Step[Agreements]:
    """Take a signature; the last one makes the version binding."""
    return _asked(
        state,
        message.agreement,
        message,
        lambda record: transitions.countersign(
            record, message.version, message.party, message.signature, now
        ),
    )


def rejected(state: Agreements, message: RejectAgreement, now: int) -> Step[Agreements]:
    """Close an offer that a party turns down."""
    return _asked(
        state,
        message.agreement,
        message,
        lambda record: transitions.reject(record, message.version, message.party, now),
    )


def withdrawn(state: Agreements, message: WithdrawAgreement, now: int) -> Step[Agreements]:
    """Close an offer that its author takes back."""
    return _asked(
        state,
        message.agreement,
        message,
        lambda record: transitions.withdraw(record, message.version, message.party, now),
    )


def exercised(state: Agreements, message: ExerciseChoice, now: int) -> Step[Agreements]:
    """Record what an author decided."""
    decided = (message.label, message.slots, message.values)
    state, outs = _asked(
        state,
        message.agreement,
        message,
        lambda record: exercise(record, message.version, message.party, decided, now),
    )
    if any(isinstance(out, AgreementRefused) for out in outs):
        return state, outs
    told = ChoiceExercised(
        agreement=message.agreement,
        version=message.version,
        label=message.label,
        slots=message.slots,
        values=message.values,
    )
    return state, [*outs, told]


def delegated(state: Agreements, message: DelegateChoices, now: int) -> Step[Agreements]:
    """Tell that plans may exercise a party's choices; nothing of the agreement changes."""
    record = state.records.get(message.agreement)
    refused = (
        Refused(Reason.UNKNOWN, f"there is no agreement {message.agreement!r}")
        if record is None
        else delegation_refused(record, message.party, now)
    )
    if refused:
        return _told(state, message.agreement, message, refused)
    told = ChoicesDelegated(
        party=message.party, agreement=message.agreement, to_plans=message.to_plans
    )
    return state, [told]


def suspended(state: Agreements, message: SuspendAgreement, now: int) -> Step[Agreements]:
    """Let an agreement stand still."""
    return _asked(
        state,
        message.agreement,
        message,
        lambda record: transitions.suspend(record, message.party, now),
    )


def resumed(state: Agreements, message: ResumeAgreement, now: int) -> Step[Agreements]:
    """Let an agreement go on."""
    return _asked(
        state,
        message.agreement,
        message,
        lambda record: transitions.resume(record, message.party, now),
    )


def agreed_to_end(state: Agreements, message: AgreeToEnd, now: int) -> Step[Agreements]:
    """Take a party's signature that it ends."""
    return _asked(
        state,
        message.ending.id,
        message,
        lambda record: transitions.agree_to_end(
            record, message.party, message.ending, message.signature, now
        ),
    )


def noticed(state: Agreements, message: GiveNotice, now: int) -> Step[Agreements]:
    """Let a party leave with notice."""
    return _asked(
        state,
        message.agreement,
        message,
        lambda record: transitions.give_notice(record, message.party, now),
    )


def ended(state: Agreements, message: EndAgreement, now: int) -> Step[Agreements]:
    """Let the authority end an agreement."""
    return _asked(
        state,
        message.agreement,
        message,
        lambda record: transitions.end(record, message.party, message.at, now),
    )


def due(state: Agreements, message: AgreementDue, now: int) -> Step[Agreements]:
    """Let time do what it does; a timer that nothing needs any more changes nothing."""
    record = state.records.get(message.agreement)
    if record is None:
        return state, []
    return _kept(state, message.agreement, transitions.advanced(record, now))


def _asked(
    state: Agreements, name: str, message: Message, request: Callable[[Record], Outcome]
) -> Step[Agreements]:
    record = state.records.get(name)
    if record is None:
        outcome: Outcome = Refused(Reason.UNKNOWN, f"there is no agreement {name!r}")
    else:
        outcome = request(record)
    return _told(state, name, message, outcome)


def _told(state: Agreements, name: str, message: Message, outcome: Outcome) -> Step[Agreements]:
    if isinstance(outcome, Record):
        return _kept(state, name, outcome)
    party = str(getattr(message, "party", ""))
    refusal = AgreementRefused(
        agreement=name, party=party, request=tag_of(message), refused=outcome
    )
    return state, [refusal]


def _kept(state: Agreements, name: str, record: Record) -> Step[Agreements]:
    """Keep a record, tell what changed and set the timers that it newly needs."""
    before = state.records.get(name, Record())
    outs: list[Out] = []
    timers: set[int] = set()
    for place, version in enumerate(record.versions):
        old = before.versions[place] if place < len(before.versions) else None
        outs += _changes(name, old, version)
        timers |= _timers(version) - (_timers(old) if old else set())
    outs += [Later(at, AgreementDue(agreement=name)) for at in sorted(timers)]
    return Agreements({**state.records, name: record}), outs


def _changes(name: str, old: Version | None, version: Version) -> Iterator[Message]:
    number = version.agreement.version
    if old is None or old.state is not version.state:
        yield AgreementChanged(
            agreement=name,
            version=number,
            digest=version.digest,
            before=old.state if old else None,
            after=version.state,
        )
    if old is not None and (old.ends, old.ending) != (version.ends, version.ending):
        yield EndingSet(agreement=name, version=number, at=version.ends, ending=version.ending)
    if old is not None and old.bound_at != version.bound_at:
        yield TermsSigned(
            agreement=name,
            version=number,
            terms_hash=version.agreement.terms_hash,
            digest=version.digest,
        )


def _timers(version: Version) -> set[int]:
    """Instants at which time changes a version."""
    if version.binds:
        return {version.agreement.start, version.ends}
    return {version.agreement.offer_until} if version.bound_at < 0 else set()
