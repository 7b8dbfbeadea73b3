"""Authorities and participants: who is taken in, suspended, barred, with which keys and roles."""

from __future__ import annotations

from msgspec.structs import replace

from gridpact.ledger.kinds.founding import AuthorityAdded, AuthorityRemoved, QuorumSet
from gridpact.ledger.kinds.participants import (
    KeyBound,
    ParticipantAuthorised,
    ParticipantBarred,
    ParticipantReinstated,
    ParticipantSuspended,
    RoleWithdrawn,
    SubjectErased,
    WalletBound,
)
from gridpact.ledger.state.state import FINE, Participant, Problems, State, Status

_FOR_GOOD = ("barred", "erased")


def unknown(field: str, name: str) -> Problems:
    """Say that a participant is unknown."""
    return ((field, f"{name} is unknown on this ledger", "let the authority authorise it first"),)


def known(state: State, field: str, *names: str) -> Problems:
    """Name participants that are unknown."""
    rows = state.participants.rows
    return tuple(problem for name in names if name not in rows for problem in unknown(field, name))


def able(state: State, field: str, name: str) -> Problems:
    """Say why a participant may not take part now."""
    one = state.participants.get(name)
    if one is not None and one.acts:
        return FINE
    if one is None:
        return unknown(field, name)
    how = one.status if one.status != "authorised" else "without a role"
    return ((field, f"{name} is {how}", "only those authorised take part"),)


def authority_added(state: State, entry: AuthorityAdded) -> Problems:
    """Take an authority in, under a name and key that nobody else has."""
    if entry.authority in state.authorities or entry.authority in state.participants:
        return (("authority", f"{entry.authority} is taken", "choose another name"),)
    if state.sealed_by.at(entry.key, entry.authority) != entry.authority:
        return (("key", "is another authority's", "give each authority a key of its own"),)
    state.seat(entry.authority, entry.key)
    return FINE


def authority_removed(state: State, entry: AuthorityRemoved) -> Problems:
    """Remove an authority, as long as enough are left to decide."""
    if entry.authority not in state.authorities:
        return (("authority", f"{entry.authority} is no authority", "see the list of them"),)
    left = len(state.authorities) - 1
    if left < state.quorum:
        problem = f"{left} would be left, and {state.quorum} decide together"
        return (("authority", problem, "set a smaller quorum first"),)
    state.authorities.drop(entry.authority)
    return FINE


def quorum_set(state: State, entry: QuorumSet) -> Problems:
    """Set the quorum, to no more than all authorities."""
    if entry.quorum > len(state.authorities):
        problem = f"{entry.quorum} of {len(state.authorities)} authorities"
        return (("quorum", problem, "ask for no more than all"),)
    state.settings.put("quorum", entry.quorum)
    return FINE


def authorised(state: State, entry: ParticipantAuthorised) -> Problems:
    """Admit a participant, or give one another role."""
    if entry.participant in state.authorities:
        return (("participant", f"{entry.participant} is an authority", "choose another name"),)
    one = state.participants.at(entry.participant, Participant("authorised", ()))
    if one.status != "authorised":
        fix = "reinstate it" if one.status == "suspended" else "use another pseudonym"
        return (("participant", f"{entry.participant} is {one.status}", fix),)
    if entry.role in one.roles:
        return (("role", f"{entry.participant} is {entry.role} already", "leave it out"),)
    roles = tuple(sorted((*one.roles, entry.role)))
    state.participants.put(entry.participant, replace(one, roles=roles))
    return FINE


def role_withdrawn(state: State, entry: RoleWithdrawn) -> Problems:
    """Take a role from a participant."""
    one = state.participants.get(entry.participant)
    if one is None:
        return unknown("participant", entry.participant)
    if entry.role not in one.roles:
        return (("role", f"{entry.participant} is not {entry.role}", "see its roles"),)
    roles = tuple(role for role in one.roles if role != entry.role)
    state.participants.put(entry.participant, replace(one, roles=roles))
    return FINE


def suspended(state: State, entry: ParticipantSuspended) -> Problems:
    """Suspend a participant."""
    return _turned(state, entry.participant, ("authorised",), "suspended")


def reinstated(state: State, entry: ParticipantReinstated) -> Problems:
    """Let a suspended participant act again."""
    return _turned(state, entry.participant, ("suspended",), "authorised")


def barred(state: State, entry: ParticipantBarred) -> Problems:
    """Bar a participant for good."""
    return _turned(state, entry.participant, ("authorised", "suspended"), "barred")


def erased(state: State, entry: SubjectErased) -> Problems:
    """Note that nobody can be found behind a pseudonym any more; its keys go with it."""
    name = entry.participant
    held = [
        what for table in (state.balances, state.holdings) for what, who in table if who == name
    ]
    if held:
        return (("participant", f"{name} holds {held[0]}", "let it go to somebody first"),)
    problems = _turned(state, name, ("authorised", "suspended", "barred"), "erased")
    if not problems:
        one = state.participants.rows[name]
        state.participants.put(name, replace(one, key=b"", wallet=b""))
    return problems


def _turned(state: State, name: str, before: tuple[Status, ...], after: Status) -> Problems:
    one = state.participants.get(name)
    if one is None:
        return unknown("participant", name)
    if one.status not in before:
        fix = "it stays so" if one.status in _FOR_GOOD else f"this is for the {before[0]}"
        return (("participant", f"{name} is {one.status}", fix),)
    state.participants.put(name, replace(one, status=after))
    return FINE


def key_bound(state: State, entry: KeyBound) -> Problems:
    """Give a participant another key."""
    return _given(state, entry.participant, key=entry.key)


def wallet_bound(state: State, entry: WalletBound) -> Problems:
    """Give a participant another wallet."""
    return _given(state, entry.participant, wallet=entry.wallet)


def _given(state: State, name: str, **what: bytes) -> Problems:
    problems = able(state, "participant", name)
    if not problems:
        state.participants.put(name, replace(state.participants.rows[name], **what))
    return problems
