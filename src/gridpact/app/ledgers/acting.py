"""Acts as people make them: signed at once, or drafted in a file for others to sign as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from gridpact.app import folder
from gridpact.app.ledgers import keys
from gridpact.app.ledgers.chains import ChainLedger
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.ledger.acts import digest_of, drafted, missing, with_signature
from gridpact.ledger.entries import Entry, canonical, faults, parse, tag_of
from gridpact.ledger.keys import Contract
from gridpact.ledger.kinds.founding import Act, AuthorityAdded
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.merkle import leaf_hash
from gridpact.ledger.port import Receipt, Refused
from gridpact.ledger.state.rights import ROLES
from gridpact.ledger.stored import used_otherwise

VERSION = "act/1"
LONGEST_ONCE = 100
_SIGNATURES = "act.signatures"
_ACT, _BY_NAME, _ONCE = "act/", "once/", "--once"
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:/+-]{{0,{LONGEST_ONCE - 1}}}")


class Signer(NamedTuple):
    """Who signs, with which key."""

    name: str
    key: keys.Key


class Draft(msgspec.Struct, frozen=True):
    """An act with its entries; what it was drafted for, by the ledger's genesis hash.

    ``keys`` are the signers' as the ledger knew them then, none where the file is of before.
    ``once`` is a name under which it is done once, however often it is given.
    """

    ledger: bytes
    act: Act
    entries: tuple[Entry, ...]
    keys: tuple[bytes, ...] = ()
    once: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Who has yet to sign."""
        return missing(self.act)


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    gridpact: str
    ledger: str
    act: str
    entries: list[str]
    keys: list[str] = []
    once: str | msgspec.UnsetType = msgspec.UNSET


def draft(
    ledger: AnyLedger, by: Sequence[str], entries: Sequence[Entry], why: str, at: int
) -> Draft:
    """Draft an act, next in the turn of whoever acts; BadInput where anything is wrong with it."""
    state = ledger.state()
    sequence = state.sequences.at(by[0], 0) + 1
    act = drafted(by, entries, sequence=sequence, at=at, why=why)
    wrong = [_told(fault) for fault in faults((act, *entries))]
    wrong += [*_unknown_roles(entries), *_misplaced_keys(ledger, entries)]
    if wrong:
        raise BadInput(wrong)
    return Draft(ledger.genesis, act, tuple(entries), tuple(map(state.key_of, by)))


def done(
    ledger: AnyLedger, once: str, by: Sequence[str], entries: Sequence[Entry]
) -> Receipt | None:
    """Return where what is done once under a name stands; None where it is yet to be done.

    What was on its way to a chain is waited for. BadInput where somebody else used the name, or
    for other entries.
    """
    if not _NAME.fullmatch(once):
        fix = f"write letters, digits and ._:/+-, at most {LONGEST_ONCE}"
        raise BadInput([Fault("arguments", 0, _ONCE, f"{once[:80]!r} is no name", fix)])
    kept = ledger.kept(f"{_BY_NAME}{once}")
    if kept is None:
        return None
    act = ledger.entries(kept.first_index, kept.first_index + 1)[0]
    digest = digest_of(leaf_hash(canonical(entry)) for entry in entries)
    if isinstance(act, Act) and (act.by, act.digest) == (tuple(by), digest):
        return kept
    problem = used_otherwise(once, kept.height).reason
    fix = "give another one; what stands there was done before"
    raise BadInput([Fault("arguments", 0, _ONCE, problem, fix)])


def sign(found: Draft, signer: Signer) -> Draft:
    """Add a signature; BadInput where the act does not name the signer, or not with this key."""
    try:
        made = keys.signature(signer.key, found.ledger, found.act, found.entries)
        act = with_signature(found.act, signer.name, made)
    except ValueError as error:
        fix = "draft the act again with everybody who is to sign"
        raise BadInput([Fault("act", 0, "by", str(error), fix)]) from error
    known = dict(zip(act.by, found.keys, strict=False)).get(signer.name)
    if known and known != signer.key.public.raw:
        given = keys.shown(signer.key.public.raw)
        said = f"{signer.name} signs with {keys.shown(known)}, not with {given}"
        fix = "give the file of that key, or draft the act again where the ledger knows another now"
        raise BadInput([Fault("act", 0, _SIGNATURES, said, fix)])
    return msgspec.structs.replace(found, act=act)


def commit(ledger: AnyLedger, found: Draft, at: int) -> Receipt:
    """Put a signed act on the ledger; BadInput lists why it is refused.

    One that is done once and stands there already is answered as before. What was begun here
    before, and nobody was told the end of, is refused once and not done anew: see :func:`told`.
    """
    if found.ledger != ledger.genesis:
        fix = "commit it where it was drafted for"
        raise BadInput([Fault("act", 0, "", "was drafted for another ledger", fix)])
    if kept := _done(ledger, found):
        return kept
    if unknown := _unknown_roles(found.entries):
        raise BadInput(unknown)
    if isinstance(ledger, ChainLedger) and not found.once:
        _check_untold(ledger, found)
    answer = ledger.commit(_key(found), (found.act, *found.entries), at)
    if isinstance(answer, Receipt):
        return answer
    if kept := _done(ledger, found):  # somebody else handed it in meanwhile
        return kept
    raise BadInput((not answer.faults and _overtaken(ledger, found)) or _reasons(answer))


def told(ledger: AnyLedger, found: Draft) -> None:
    """Note that whoever committed an act has the answer; given again, it is done once more.

    A log commits at once, and notes nothing.
    """
    if isinstance(ledger, ChainLedger):
        ledger.tell(_key(found))


def _check_untold(ledger: ChainLedger, found: Draft) -> None:
    """Tell of the same act, where it was done here before and the answer got lost."""
    for key, kept in reversed(ledger.untold(_ACT)):
        held = ledger.entries(kept.first_index, kept.first_index + 1)[0]
        if isinstance(held, Act) and held != found.act and _same(found.act, held):
            ledger.tell(key)
            raise BadInput([_begun_before(held, kept)])


def _done(ledger: AnyLedger, found: Draft) -> Receipt | None:
    return done(ledger, found.once, found.act.by, found.entries) if found.once else None


def rehearse(ledger: AnyLedger, found: Draft, at: int) -> None:
    """BadInput lists why a ledger would refuse an act; who has yet to sign is not looked at."""
    refused = ledger.rehearse(_key(found), (found.act, *found.entries), at)
    if refused is None:
        return
    told = _reasons(refused)
    if found.missing:
        told = [each for each in told if each.where != _SIGNATURES]
    if told:
        raise BadInput(told)


def _unknown_roles(entries: Sequence[Entry]) -> list[Fault]:
    """Name roles that nobody knows: a ledger takes any, for those of before have them."""
    fix = f"use one of {', '.join(ROLES)}"
    return [
        Fault("act", 0, f"{tag_of(entry)}.role", f"{entry.role!r} is no role", fix)
        for entry in entries
        if isinstance(entry, ParticipantAuthorised) and entry.role not in ROLES
    ]


def _misplaced_keys(ledger: AnyLedger, entries: Sequence[Entry]) -> Iterator[Fault]:
    """Name keys that nobody could sign with here: of a log on a chain, or the other way round."""
    on_chain = isinstance(ledger.public_key, Contract)
    kinds = "is an address of a chain, and this is a log", "is a key of a log, not of a chain"
    fix = f"name a file that 'gridpact {'contract key new' if on_chain else 'authority key'}' made"
    for entry in entries:
        if isinstance(entry, KeyBound | AuthorityAdded) and keys.of_chain(entry.key) != on_chain:
            problem = f"{keys.shown(entry.key)} {kinds[on_chain]}"
            yield Fault("act", 0, f"{tag_of(entry)}.key", problem, fix)


def _key(found: Draft) -> str:
    if found.once:
        return f"{_BY_NAME}{found.once}"
    return f"{_ACT}{found.act.by[0]}/{found.act.sequence}"


def _reasons(refused: Refused) -> list[Fault]:
    if refused.faults:
        return [_told(fault) for fault in refused.faults]
    return [Fault("act", 0, "", refused.reason, "see 'gridpact ledger status'")]


def _overtaken(ledger: AnyLedger, found: Draft) -> list[Fault]:
    """Say that another act took the number of this one, or that this one is there already."""
    act, first = found.act, found.act.by[0]
    if ledger.state().sequences.at(first, 0) < act.sequence:
        return []
    kept = ledger.kept(_key(found))
    held = ledger.entries(kept.first_index, kept.first_index + 1)[0] if kept else None
    if kept and isinstance(held, Act) and _same(act, held):
        return [_begun_before(held, kept)]
    problem = f"{act.sequence} of {first} was used for another act meanwhile"
    fix = "draft this one again, and let all sign it anew"
    return [Fault("act", 0, "act.sequence", problem, fix)]


def _begun_before(held: Act, kept: Receipt) -> Fault:
    problem = f"this was begun before, as {held.sequence} of {held.by[0]}, and is in block"
    fix = "leave it; give it again only if it is to be done once more"
    return Fault("act", 0, "", f"{problem} {kept.height} now", fix)


def _same(act: Act, held: Act) -> bool:
    """Tell whether two acts do the same, at whatever time and place in the turn."""
    return (held.by, held.why, held.digest) == (act.by, act.why, act.digest)


def _told(fault: Fault) -> Fault:
    """Name the entry by its kind and field alone: a person wrote no positions."""
    field = "block." if fault.file == "block" else ""
    return Fault("act", 0, f"{field}{fault.where.rstrip('.')}", fault.problem, fault.fix)


def write(path: Path, found: Draft) -> None:
    """Write a draft to a file for others to sign."""
    body = canonical(found.act).decode()
    bodies = [canonical(entry).decode() for entry in found.entries]
    keys = [key.hex() for key in found.keys]
    once = found.once or msgspec.UNSET
    folder.write_json(path, _Written(VERSION, found.ledger.hex(), body, bodies, keys, once))


def read(path: Path) -> Draft:
    """Read a draft; BadInput where the file holds none, or an act over other entries."""
    fix = "take the file from its maker again; it is never edited"
    try:
        written = msgspec.json.decode(path.read_bytes(), type=_Written)
        act = parse(written.act.encode())
        entries = tuple(parse(body.encode()) for body in written.entries)
        if written.gridpact != VERSION or not isinstance(act, Act):
            raise ValueError("it is no act")
        if digest_of(leaf_hash(canonical(entry)) for entry in entries) != act.digest:
            raise ValueError("its entries are not those that the act covers")
        keys = tuple(map(bytes.fromhex, written.keys))
        return Draft(bytes.fromhex(written.ledger), act, entries, keys, written.once or "")
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise BadInput([Fault(str(path), 0, "", str(error), fix)]) from error
