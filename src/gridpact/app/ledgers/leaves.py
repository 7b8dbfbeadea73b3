"""What a run's ledger anchored of one member: leaves opened, and contracts by their hash."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gridpact.app import folder
from gridpact.app.ledgers.evidence import Evidence
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.app.proving import committed
from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger import anchors
from gridpact.ledger.leaves import LeafBody, encode, salt
from gridpact.ledger.merkle import Tree, leaf_hash
from gridpact.ledger.proofs.making import of_entry, of_leaf
from gridpact.ledger.proofs.model import Opened, ProofFile, Terms

_NONE_YET = "let the run go on; executions are there with 'ledger: {commit: at-once}' alone"
KINDS = ("readings", "schedules", "executions", "statements", "terms")


def prove(run: Path, ledger: AnyLedger, kind: str, period: str, member: str) -> ProofFile:
    """Prove what a run's ledger anchored of a member; BadInput names what there is not.

    ``kind`` is one of :data:`KINDS`; the period of terms is the session that made them.
    """
    record = folder.record(run)
    evidence = Evidence(record)
    if kind == "terms":
        return _of_terms(record, evidence, ledger, period, member)
    found, names = evidence.held(kind), evidence.community.members.ids
    _check((f"--{kind}", period, list(found)), ("--member", member, names))
    row, held = names.index(member), found[period]
    values = evidence.values(kind, held)
    made = anchors.of_members(evidence.community, kind, period, values, evidence.secrets)
    body = encode(LeafBody(kind, member, period, values[row]))
    opened = Opened(salt(evidence.secrets[member], kind, member, period), body)
    entry = anchors.anchored(evidence.community, kind, period, made)
    index = committed(record, ledger, evidence.key(kind, period), entry)
    return of_leaf(ledger, index, Tree(map(leaf_hash, made)), row, opened)


def prove_agreement(run: Path, ledger: AnyLedger, name: str) -> ProofFile:
    """Prove the newest version of an agreement that its parties signed, an entry of its own."""
    record = folder.record(run)
    signed = {key.split("/")[1]: (key, entry) for key, entry in Evidence(record).agreements()}
    _check(("--agreement", name, list(signed)))
    key, entry = signed[name]
    return of_entry(ledger, committed(record, ledger, key, entry))


def _of_terms(
    record: Record, evidence: Evidence, ledger: AnyLedger, session: str, member: str
) -> ProofFile:
    found, names = evidence.terms(), evidence.community.members.ids
    _check(("--terms", session, list(found)), ("--member", member, names))
    entry, hashes, members = found[session]
    _check(("--member", member, [names[row] for row in members]))
    row = members.index(names.index(member))
    index = committed(record, ledger, f"terms/{session}", entry)
    return of_leaf(ledger, index, Tree(map(leaf_hash, hashes)), row, Terms(hashes[row]))


def _check(*asked: tuple[str, str, Sequence[str]]) -> None:
    wrong = [
        Fault("arguments", 0, option, f"this run has no {value!r}", _among(options))
        for option, value, options in asked
        if value not in options
    ]
    if wrong:
        raise BadInput(wrong)


def _among(options: Sequence[str]) -> str:
    shown = ", ".join(options[:3])
    return f"name one of {shown}{' …' if len(options) > 3 else ''}" if options else _NONE_YET
