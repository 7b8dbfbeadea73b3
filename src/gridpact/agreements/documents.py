"""A document to sign: an agreement and the signatures it has so far.

::

    document = propose(contract, "roof-2026", {"park": …, "bakery": …}, slots)
    document = countersign(document, key_of_park)
    document = countersign(document, key_of_bakery)
    [check for check in verify(document) if not check.holds] == []
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gridpact.agreements.addresses import checksummed, normalised, parse_address, signer
from gridpact.agreements.checks import faults, field_faults
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.model import NONE_BEFORE, Agreement, Party
from gridpact.agreements.signatures import Signature, faults_of_others, flaw, strays, valid
from gridpact.agreements.typed_data import digest, typed_data
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, iso
from gridpact.contracts import amounts
from gridpact.contracts.canonical import keccak256, to_bytes
from gridpact.contracts.terms import Contract


@dataclass(frozen=True)
class Document:
    """An agreement with the signatures it has, in the order in which they came."""

    agreement: Agreement
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True)
class Conditions:
    """What else is agreed; see :class:`gridpact.agreements.model.Agreement`.

    Without ``offer_until`` the offer stands until the agreement begins. ``amends`` is the version
    that this one takes over from; ``version`` is to be given where more than one was proposed
    since.
    """

    offer_until: int = -1
    termination_notice_s: int = -1
    authority: str = ""
    amends: Agreement | None = None
    version: int = 0


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``detail`` says what was found."""

    name: str
    holds: bool
    detail: str


def propose(
    contract: Contract,
    name: str,
    parties: Mapping[str, str | bytes],
    slots: Slots,
    conditions: Conditions | None = None,
) -> Document:
    """Write a document without signatures.

    Parameters
    ----------
    contract : Contract
        The terms. Everyone whom they name must be a party.
    name : str
        Identifier of the agreement; its later versions keep it.
    parties : mapping of name to address
        20 bytes, or text as wallets show it (EIP-55).
    slots : Slots
        For how long, and the slots that it is settled by.
    conditions : Conditions
        What else is agreed.

    Raises BadInput listing everything that does not hold.
    """
    also = conditions or Conditions()
    before = also.amends
    terms = to_bytes(contract)
    agreement = Agreement(
        id=name,
        version=also.version or (before.version + 1 if before else 1),
        terms=terms,
        terms_hash=keccak256(terms),
        parties=_parties(parties),
        step=slots.step,
        start=slots.start,
        end=slots.end,
        previous=digest(before) if before else NONE_BEFORE,
        offer_until=slots.start if also.offer_until < 0 else also.offer_until,
        termination_notice_s=also.termination_notice_s,
        authority=also.authority,
    )
    return _sound(Document(agreement))


def countersign(document: Document, key: WalletKey) -> Document:
    """Add the signature of the party whose wallet a key is; one who has signed does not again.

    Raises BadInput where the wallet is no party's, where the document is not fit to be signed, or
    where a signature that it has does not hold: nobody signs beside it.
    """
    agreement = _sound(document).agreement
    if key.address not in [each.address for each in agreement.parties]:
        problem = f"{checksummed(key.address)} is not the wallet of a party"
        raise BadInput(
            [Fault("key", 0, "", problem, "sign with the wallet that the document names")]
        )
    return with_signature(document, key.sign(digest(agreement)))


def with_signature(document: Document, signature: bytes) -> Document:
    """Add a signature made elsewhere, as by a browser's wallet; the wallet tells whose it is.

    ``signature`` is r, s and v [65 bytes], v as wallets write it: 27 or 28, or 0 or 1. It takes
    the place of one under the same name that does not hold. Raises BadInput where it is no
    party's signature of this document, and as :func:`countersign`.
    """
    agreement = _sound(document).agreement
    signed, made = digest(agreement), normalised(signature)
    wallet = signer(signed, made)
    party = next((each for each in agreement.parties if each.address == wallet), None)
    if wallet is None or party is None:
        raise BadInput([_foreign_fault(wallet)])
    if wrong := faults_of_others(agreement, signed, document.signatures, party.name):
        raise BadInput(wrong)
    own = Signature(party.name, party.address, made)
    kept = [each for each in document.signatures if each.party == party.name]
    own = next((each for each in kept if valid(agreement, signed, each)), own)
    place = document.signatures.index(kept[0]) if kept else len(document.signatures)
    rest = [each for each in document.signatures if each.party != party.name]
    return Document(agreement, (*rest[:place], own, *rest[place:]))


def for_wallets(document: Document) -> dict[str, object]:
    """Return what an ordinary wallet signs for a party, ready for JSON: EIP-712 typed data.

    Raises BadInput where the document is not fit to be signed.
    """
    return typed_data(_sound(document).agreement)


def signed_by(document: Document) -> tuple[str, ...]:
    """Return the parties whose signatures verify, in the order agreed; no other has signed."""
    agreement = document.agreement
    if field_faults(agreement):
        return ()
    signed = digest(agreement)
    found = {each.party for each in document.signatures if valid(agreement, signed, each)}
    return tuple(name for name in agreement.names if name in found)


def verify(document: Document) -> list[Check]:
    """Check everything that makes a document binding; each check says what it found.

    The terms are canonical and hash to what is signed, the fields make sense, everyone whom the
    terms name is a party, every party's wallet signed, and nobody else did.
    """
    agreement = document.agreement
    wrong = faults(agreement)
    checks = [
        _check(name, [fault for fault in wrong if fault[0] in fields], good)
        for name, fields, good in (
            ("terms", {"terms"}, "canonical, and name nobody but the parties"),
            ("terms hash", {"terms_hash"}, f"0x{agreement.terms_hash.hex()}"),
        )
    ]
    rest = [fault for fault in wrong if fault[0] not in ("terms", "terms_hash")]
    checks.append(_check("fields", rest, f"version {agreement.version} of {agreement.id}"))
    if field_faults(agreement):
        return [
            *checks,
            Check("signatures", holds=False, detail="not checked: the fields are wrong"),
        ]
    return [*checks, *_signatures(document), *_foreign(document)]


def life_lines(document: Document) -> list[tuple[str, str]]:
    """Tell people what an agreement says beside its terms: pairs of a label and a text."""
    agreement = document.agreement
    notice = agreement.termination_notice_s
    before = agreement.previous
    amends = "nothing" if before == NONE_BEFORE else f"the version with digest 0x{before.hex()}"
    alone = f"{amounts.written(notice, 's')} of notice, by one party alone"
    return [
        ("agreement", agreement.id),
        ("version", str(agreement.version)),
        ("slots of", amounts.written(agreement.step, "s")),
        ("from", iso(agreement.start)),
        ("until", iso(agreement.end)),
        *(("party", f"{each.name}, {checksummed(each.address)}") for each in agreement.parties),
        ("amends", amends),
        ("offer until", iso(agreement.offer_until)),
        ("leave after", "never, by one party alone" if notice < 0 else alone),
        ("authority", agreement.authority or "nobody"),
    ]


def _parties(parties: Mapping[str, str | bytes]) -> tuple[Party, ...]:
    found, wrong = [], []
    for name, address in parties.items():
        try:
            raw = address if isinstance(address, bytes) else parse_address(address)
            found.append(Party(name, raw))
        except ValueError as error:
            wrong.append(Fault("parties", 0, name, str(error), "copy the address from the wallet"))
    if wrong:
        raise BadInput(wrong)
    return tuple(found)


def _sound(document: Document) -> Document:
    if wrong := faults(document.agreement):
        raise BadInput(Fault("agreement", 0, *fault) for fault in wrong)
    return document


def _check(name: str, wrong: list[tuple[str, str, str]], good: str) -> Check:
    shown = "; ".join(f"{field}: {problem}" for field, problem, _ in wrong)
    return Check(name, not wrong, shown or good)


def _foreign_fault(wallet: bytes | None) -> Fault:
    if wallet is None:
        fix = "give r, s and v: 0x and 130 hex digits, as the wallet wrote them"
        return Fault("signature", 0, "", "is no signature", fix)
    problem = f"is of {checksummed(wallet)} for what is agreed here, which is no party's wallet"
    fix = "sign the typed data of this very document with the wallet that it names"
    return Fault("signature", 0, "", problem, fix)


def _signatures(document: Document) -> Iterator[Check]:
    signed = digest(document.agreement)
    by = {each.party: each for each in document.signatures}
    for party in document.agreement.parties:
        name, found = f"signature of {party.name}", by.get(party.name)
        if found is None:
            yield Check(name, holds=False, detail="has not signed")
            continue
        problem = flaw(signed, found.signature, party.address)
        yield Check(name, not problem, problem or checksummed(party.address))


def _foreign(document: Document) -> Iterator[Check]:
    """Yield one check for each signature that does not belong, or one that there is none."""
    found = list(strays(document.agreement, document.signatures))
    for party, problem in found:
        yield Check("nobody else signed", holds=False, detail=f"{party} {problem}")
    if not found:
        count = len(document.signatures)
        shown = f"{count} signature{'' if count == 1 else 's'}"
        yield Check("nobody else signed", holds=True, detail=shown)
