"""What may become of an agreement: who may do what, and by when.

Every function takes a record, a request and the time, and returns another record, or why not.
Nothing is raised and nothing is changed in place. A record is brought up to date first, so that
what a request may do never depends on whether a timer of the same instant came before it.

============  ==================  ==========================  =====================================
request       by                  while                       and only if
============  ==================  ==========================  =====================================
propose       a party, signed     no other offer is open      it is the next version, sound, and
                                                              ``now < offer_until``; the next of a
                                                              binding one names its hash, keeps its
                                                              parties and begins while it runs
countersign   each other party    proposed                    the signature is of its wallet
reject        any party           proposed
withdraw      the proposer        proposed
exercise      the choice's        countersigned, active       each slot lies in the term and at
              author                                          least the notice ahead, each value
                                                              within what is known of its bounds;
                                                              until then it may be revised
delegate      a choice's author   proposed or binding         it is a party; changes nothing but who
                                                              may exercise in its name
suspend       the authority       active                      from the next slot on
resume        the authority       suspended                   from the next slot on
agree to end  each party, signed  countersigned, active,      all sign for one instant, on a slot,
                                  suspended                   that has not passed
give notice   any party           the same                    one party may; ends with the first
                                                              slot after the notice
end           the authority       the same                    at an instant on a slot, not passed
(time)                            proposed                    at ``offer_until``: lapsed
                                  countersigned               at the start: active; when the last
                                                              party signs an amendment, the version
                                                              before ends where this one starts
                                  binding                     at its end: expired, terminated or
                                                              superseded
============  ==================  ==========================  =====================================

Offers are signed by wallets, and so is agreeing to end. Every other request is authenticated as
its ``party`` where it enters the platform, like orders are.
"""

from __future__ import annotations

from math import lcm
from typing import TypeAlias

from msgspec.structs import replace

from gridpact.agreements.addresses import signer
from gridpact.agreements.checks import faults
from gridpact.agreements.model import NONE_BEFORE, Agreement, Ending
from gridpact.agreements.outcomes import Reason, Refused
from gridpact.agreements.record import OPEN_END, Record, State, Version
from gridpact.agreements.typed_data import digest
from gridpact.base.slots import iso

Outcome: TypeAlias = Record | Refused


def advanced(record: Record, now: int) -> Record:
    """Let time do what it does: offers lapse, versions begin and end."""
    versions = tuple(_aged(each, now, suspended=record.is_suspended) for each in record.versions)
    same = all(old is new for old, new in zip(record.versions, versions, strict=True))
    return record if same else replace(record, versions=versions)


def propose(
    record: Record | None, party: str, agreement: Agreement, signature: bytes, now: int
) -> Outcome:
    """Offer an agreement, or another version of one."""
    before = advanced(record or Record(), now)
    if wrong := faults(agreement):
        shown = "; ".join(f"{field}: {problem}" for field, problem, _ in wrong)
        return Refused(Reason.ILL_FORMED, shown)
    found = digest(agreement)
    refused = _offer_refused(before, agreement, found, now) or _unsigned(
        agreement, party, found, signature
    )
    if refused:
        return refused
    fresh = Version(
        agreement=agreement,
        digest=found,
        proposer=party,
        signatures={party: signature},
        state=State.PROPOSED,
        ends=agreement.end,
    )
    return replace(before, versions=(*before.versions, fresh))


def countersign(record: Record, number: int, party: str, signature: bytes, now: int) -> Outcome:
    """Add a party's signature; the last one makes the version binding."""
    record = advanced(record, now)
    version = _offer(record, number)
    if isinstance(version, Refused):
        return version
    if party in version.signatures:
        return Refused(Reason.ALREADY_SIGNED, f"{party} has signed version {number}")
    refused = _unsigned(version.agreement, party, version.digest, signature)
    refused = refused or _succession(record, version.agreement)
    if refused:
        return refused
    signatures = {**version.signatures, party: signature}
    whole = len(signatures) == len(version.agreement.parties)
    version = replace(
        version,
        signatures=signatures,
        state=State.COUNTERSIGNED if whole else State.PROPOSED,
        bound_at=now if whole else -1,
    )
    before = record.in_force
    if whole and before is not None:
        shorter = replace(before, ends=version.agreement.start, ending=State.SUPERSEDED)
        record = _with(record, shorter)
    return _with(record, version)


def reject(record: Record, number: int, party: str, now: int) -> Outcome:
    """Turn an offer down."""
    record = advanced(record, now)
    version = _offer(record, number)
    if isinstance(version, Refused):
        return version
    if party not in version.agreement.names:
        return _no_party(party)
    return _with(record, replace(version, state=State.REJECTED))


def withdraw(record: Record, number: int, party: str, now: int) -> Outcome:
    """Take one's own offer back, before all have signed."""
    record = advanced(record, now)
    version = _offer(record, number)
    if isinstance(version, Refused):
        return version
    if party != version.proposer:
        return Refused(Reason.NOT_THE_PROPOSER, f"{version.proposer} made the offer, not {party}")
    return _with(record, replace(version, state=State.WITHDRAWN))


def suspend(record: Record, party: str, now: int) -> Outcome:
    """Let an agreement stand still from the next slot on."""
    return _switched(record, party, now, State.ACTIVE)


def resume(record: Record, party: str, now: int) -> Outcome:
    """Let a suspended agreement go on from the next slot on."""
    return _switched(record, party, now, State.SUSPENDED)


def agree_to_end(record: Record, party: str, ending: Ending, signature: bytes, now: int) -> Outcome:
    """Sign that the agreement ends; it does once all parties have signed for one instant."""
    record = advanced(record, now)
    version = record.in_force
    if version is None:
        return _nothing_binds()
    agreement = version.agreement
    asked, meant = (ending.id, ending.version, ending.agreement), (agreement.id, agreement.version)
    if asked != (*meant, version.digest):
        return Refused(Reason.WRONG_VERSION, f"version {agreement.version} is in force")
    if refused := _bad_instant(record, ending.at, now):
        return refused
    if refused := _unsigned(version.agreement, party, digest(ending), signature):
        return refused
    consents = {**version.consents, party: ending.at}
    record = _with(record, replace(version, consents=consents))
    agreed = [consents.get(name) for name in version.agreement.names]
    return _ended(record, ending.at) if set(agreed) == {ending.at} else record


def give_notice(record: Record, party: str, now: int) -> Outcome:
    """Let one party leave alone, with the notice agreed."""
    record = advanced(record, now)
    version = record.in_force
    if version is None:
        return _nothing_binds()
    if party not in version.agreement.names:
        return _no_party(party)
    notice = version.agreement.termination_notice_s
    if notice < 0:
        return Refused(Reason.NO_NOTICE_AGREED, "no party may end the agreement alone")
    step = _step(record)
    at = -(-(now + notice) // step) * step
    return _bad_instant(record, at, now) or _ended(record, at)


def end(record: Record, party: str, at: int, now: int) -> Outcome:
    """Let the authority end the agreement."""
    record = advanced(record, now)
    version = record.in_force
    if version is None:
        return _nothing_binds()
    if refused := _no_authority(version, party):
        return refused
    return _bad_instant(record, at, now) or _ended(record, at)


def _aged(version: Version, now: int, *, suspended: bool) -> Version:
    state = version.state
    if state is State.PROPOSED and now >= version.agreement.offer_until:
        state = State.LAPSED
    elif version.binds and now >= version.ends:
        state = version.ending
    elif state is State.COUNTERSIGNED and now >= version.agreement.start:
        state = State.SUSPENDED if suspended else State.ACTIVE
    return version if state is version.state else replace(version, state=state)


def _with(record: Record, version: Version) -> Record:
    place = version.agreement.version - 1
    versions = (*record.versions[:place], version, *record.versions[place + 1 :])
    return replace(record, versions=versions)


def _offer(record: Record, number: int) -> Version | Refused:
    version = record.version(number)
    if version is None:
        return Refused(Reason.UNKNOWN, f"there is no version {number}")
    if version.state is not State.PROPOSED:
        return Refused(Reason.WRONG_STATE, f"version {number} is {version.state}, not proposed")
    return version


def _offer_refused(record: Record, agreement: Agreement, found: bytes, now: int) -> Refused | None:
    if any(each.digest == found for each in record.versions):
        return Refused(Reason.ALREADY_PROPOSED, f"this was proposed as {agreement.version}")
    if any(each.state is State.PROPOSED for each in record.versions):
        return Refused(Reason.OFFER_OPEN, "another version is on offer")
    if agreement.version != len(record.versions) + 1:
        return Refused(Reason.WRONG_VERSION, f"the next version is {len(record.versions) + 1}")
    if now >= agreement.offer_until:
        return Refused(Reason.TOO_LATE, f"the offer stood until {iso(agreement.offer_until)}")
    return _succession(record, agreement)


def _succession(record: Record, agreement: Agreement) -> Refused | None:
    """Tell why an agreement cannot follow what is in force."""
    before = record.in_force
    if before is None:
        if any(each.bound_at >= 0 for each in record.versions):
            return Refused(Reason.ENDED, "it has ended; agree on another under another name")
        if agreement.previous != NONE_BEFORE:
            return Refused(Reason.WRONG_VERSION, "it names a version before; none is in force")
        return None
    if agreement.previous != before.digest:
        number = before.agreement.version
        return Refused(Reason.WRONG_VERSION, f"it does not name version {number}, in force")
    if not before.agreement.start <= agreement.start <= before.ends:
        return Refused(Reason.OUTSIDE_TERM, "it does not begin while the version before runs")
    dropped = [each.name for each in before.agreement.parties if each not in agreement.parties]
    if dropped:
        shown = ", ".join(dropped)
        return Refused(Reason.NOT_A_PARTY, f"it leaves out {shown}, or changes their wallet")
    return None


def _unsigned(agreement: Agreement, party: str, signed: bytes, signature: bytes) -> Refused | None:
    """Tell why a signature is not that of a party's wallet."""
    address = agreement.address_of(party)
    if not address:
        return _no_party(party)
    if signer(signed, signature) != address:
        return Refused(Reason.BAD_SIGNATURE, f"the signature is not of {party}'s wallet")
    return None


def _switched(record: Record, party: str, now: int, state: State) -> Outcome:
    """Suspend what is active, or resume what is suspended."""
    record = advanced(record, now)
    version = record.running
    if version is None:
        return _nothing_binds()
    if refused := _no_authority(version, party):
        return refused
    if version.state is not state:
        return Refused(Reason.WRONG_STATE, f"it is {version.state}, not {state}")
    step = version.agreement.step
    at = -(-now // step) * step
    spans = record.suspended
    if state is State.ACTIVE:
        spans, state = (*spans, (at, OPEN_END)), State.SUSPENDED
    else:
        begin, state = spans[-1][0], State.ACTIVE
        spans = (*spans[:-1], (begin, at)) if begin < at else spans[:-1]
    return replace(_with(record, replace(version, state=state)), suspended=spans)


def _step(record: Record) -> int:
    """Return the step whose edges are edges of slots in every version that binds."""
    return lcm(*(each.agreement.step for each in record.versions if each.binds))


def _bad_instant(record: Record, at: int, now: int) -> Refused | None:
    if at < now:
        return Refused(Reason.TOO_LATE, f"{at} has passed")
    if at % _step(record):
        return Refused(Reason.OFF_SLOTS, f"{at} is within a slot of {_step(record)} s")
    if at >= max(each.ends for each in record.versions if each.binds):
        return Refused(Reason.ENDED, "it ends no later than that anyway")
    return None


def _ended(record: Record, at: int) -> Record:
    """End every version that binds, at an instant at the latest."""
    versions = tuple(
        replace(each, ends=at, ending=State.TERMINATED) if each.binds and at <= each.ends else each
        for each in record.versions
    )
    return replace(record, versions=versions)


def _no_party(party: str) -> Refused:
    return Refused(Reason.NOT_A_PARTY, f"{party} is no party")


def _nothing_binds() -> Refused:
    return Refused(Reason.WRONG_STATE, "no version is in force")


def _no_authority(version: Version, party: str) -> Refused | None:
    authority = version.agreement.authority
    if authority and party == authority:
        return None
    shown = f"only {authority} may" if authority else "the agreement names no authority"
    return Refused(Reason.NOT_THE_AUTHORITY, shown)
