"""What was attested, agreed and anchored: assets, forms, agreements, roots, periods."""

from __future__ import annotations

from msgspec.structs import replace

from gridpact.agreements.addresses import checksummed, signer
from gridpact.ledger.kinds.assets import AssetAttested, AttestationEnded
from gridpact.ledger.kinds.roots import PeriodClosed, RootAnchored
from gridpact.ledger.kinds.terms import (
    AgreementCommitted,
    AgreementEnded,
    AgreementSigned,
    FormCertified,
    FormWithdrawn,
    TermsCommitted,
)
from gridpact.ledger.state.standing import able, known
from gridpact.ledger.state.state import ANYBODY, FINE, Agreement, Attestation, Problems, State


def attested(state: State, entry: AssetAttested) -> Problems:
    """Note an attestation; a credential is attested once."""
    problems = able(state, "holder", entry.holder)
    if problems:
        return problems
    if (entry.asset, entry.credential) in state.attestations:
        return (("credential", "was attested before", "issue another credential"),)
    row = Attestation(entry.holder, entry.subject, entry.until)
    state.attestations.put((entry.asset, entry.credential), row)
    return FINE


def attestation_ended(state: State, entry: AttestationEnded) -> Problems:
    """End an attestation that holds."""
    key = entry.asset, entry.credential
    one = state.attestations.get(key)
    if one is None:
        return (("credential", f"is not attested of {entry.asset}", "see its attestations"),)
    if one.ended:
        return (("credential", f"ended before ({one.ended})", "leave it out"),)
    state.attestations.put(key, replace(one, ended=entry.reason))
    return FINE


def form_certified(state: State, entry: FormCertified) -> Problems:
    """Let a form be used."""
    if state.forms.get(entry.form):
        return (("form", "is certified already", "leave it out"),)
    state.forms.put(entry.form, True)
    return FINE


def form_withdrawn(state: State, entry: FormWithdrawn) -> Problems:
    """Let a form be used no longer."""
    if not state.forms.get(entry.form):
        return (("form", "is not certified", "see the forms that are"),)
    state.forms.put(entry.form, False)
    return FINE


def agreement_signed(state: State, entry: AgreementSigned) -> Problems:
    """Refuse what says that parties signed but does not show it."""
    fix = "commit it as agreement_committed, with the signatures of its parties"
    return (("digest", "has no signatures with it", fix),)


def agreement_committed(state: State, entry: AgreementCommitted) -> Problems:
    """Note a version of an agreement that its parties' wallets signed, in a certified form."""
    problems = *_unfit(state, entry), *_unsigned(state, entry)
    if problems:
        return problems
    parties = tuple(name for name, _ in entry.signatures)
    row = Agreement(entry.revision, entry.form, entry.digest, parties)
    state.agreements.put(entry.agreement, row)
    return FINE


def _unfit(state: State, entry: AgreementCommitted) -> Problems:
    before = state.agreements.get(entry.agreement)
    due = before.revision + 1 if before else 1
    if before and before.ended is not None:
        return (("agreement", f"{entry.agreement} has ended", "make another"),)
    if entry.revision != due:
        problem = f"{entry.revision} where {due} is next"
        return (("revision", problem, "versions follow one another"),)
    parties = tuple(name for name, _ in entry.signatures)
    if before and before.parties != parties:
        return (("signatures", "are not of the parties it has", ", ".join(before.parties)),)
    if not state.forms.get(entry.form):
        return (("form", "is not certified", "let an authority certify the form first"),)
    return FINE


def _unsigned(state: State, entry: AgreementCommitted) -> Problems:
    found = list[tuple[str, str, str]]()
    for row, (name, signature) in enumerate(entry.signatures):
        field, problems = f"signatures[{row}]", able(state, f"signatures[{row}]", name)
        found += problems
        if problems:
            continue
        wallet = state.participants.rows[name].wallet
        if not wallet:
            found.append((field, f"{name} has no wallet here", "bind one first"))
        elif signer(entry.digest, signature) != wallet:
            said = f"is not of {name}'s wallet {checksummed(wallet)}"
            found.append((field, said, "let the party sign this digest"))
    return tuple(found)


def agreement_ended(state: State, entry: AgreementEnded) -> Problems:
    """End an agreement that runs."""
    one = state.agreements.get(entry.agreement)
    if one is None:
        return (("agreement", f"{entry.agreement} is unknown", "commit it first"),)
    if one.ended is not None:
        return (("agreement", f"{entry.agreement} has ended", "leave it out"),)
    state.agreements.put(entry.agreement, replace(one, ended=entry.at))
    return FINE


def terms_committed(state: State, entry: TermsCommitted) -> Problems:
    """Note the contracts of a session, once."""
    if entry.session in state.sessions:
        return (("session", f"{entry.session} is committed already", "a session closes once"),)
    state.sessions.put(entry.session, entry.count)
    return FINE


def anchored(state: State, entry: RootAnchored) -> Problems:
    """Note a root; a later one of the same period revises it until the period is final."""
    problems = known(state, "subject", entry.subject) or _final(state, entry.subject, entry.period)
    if problems:
        return problems
    key = entry.kind, entry.subject, entry.period
    if state.anchors.get(key) == entry.root:
        return (("root", "is the one anchored already", "leave it out"),)
    state.anchors.put(key, entry.root)
    return FINE


def period_closed(state: State, entry: PeriodClosed) -> Problems:
    """Make a period final."""
    problems = known(state, "subject", entry.subject) or _final(state, entry.subject, entry.period)
    if problems:
        return problems
    for subject in (entry.subject, ANYBODY):
        state.closed.put((subject, entry.period), 1)
    return FINE


def _final(state: State, subject: str, period: str) -> Problems:
    if state.is_closed(subject, period):
        fix = "what comes later belongs in a period that is open"
        return (("period", f"{period} of {subject} is final", fix),)
    return FINE
