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

from gridpact.agreements.addresses import checksummed, parse_address, signer
from gridpact.agreements.checks import faults, field_faults
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.model import NONE_BEFORE, Agreement, Party
from gridpact.agreements.typed_data import digest
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, iso
from gridpact.contracts import amounts
from gridpact.contracts.canonical import keccak256, to_bytes
from gridpact.contracts.terms import Contract


@dataclass(frozen=True)
class Signature:
    """Whose signature this is meant to be: ``signature`` is r, s and v [65 bytes]."""

    party: str
    address: bytes
    signature: bytes


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

    Raises BadInput where the wallet is no party's, or where the document is not fit to be signed.
    """
    agreement = _sound(document).agreement
    party = next((each for each in agreement.parties if each.address == key.address), None)
    if party is None:
        problem = f"{checksummed(key.address)} is not the wallet of a party"
        raise BadInput(
            [Fault("key", 0, "", problem, "sign with the wallet that the document names")]
        )
    return with_signature(document, party.name, key.sign(digest(agreement)))


def with_signature(document: Document, party: str, signature: bytes) -> Document:
    """Add a signature made elsewhere, as by a browser's wallet; :func:`verify` checks it."""
    if any(each.party == party for each in document.signatures):
        return document
    made = Signature(party, document.agreement.address_of(party), signature)
    return Document(document.agreement, (*document.signatures, made))


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


def _signatures(document: Document) -> Iterator[Check]:
    signed = digest(document.agreement)
    by = {each.party: each for each in document.signatures}
    for party in document.agreement.parties:
        name, found = f"signature of {party.name}", by.get(party.name)
        if found is None:
            yield Check(name, holds=False, detail="has not signed")
            continue
        wallet = signer(signed, found.signature)
        if wallet is None:
            yield Check(name, holds=False, detail="is no signature")
        elif wallet != party.address:
            yield Check(name, holds=False, detail=f"is of {checksummed(wallet)}, not of this party")
        else:
            yield Check(name, holds=True, detail=checksummed(wallet))


def _foreign(document: Document) -> Iterator[Check]:
    """Yield one check for each signature that does not belong, or one that there is none."""
    agreement, seen, found = document.agreement, set[str](), False
    for each in document.signatures:
        wallet = agreement.address_of(each.party)
        problem = ""
        if not wallet:
            problem = "who is no party"
        elif each.party in seen:
            problem = "a second time"
        elif wallet != each.address:
            problem = f"with {checksummed(each.address)}, which is not this party's wallet"
        seen.add(each.party)
        if problem:
            found = True
            yield Check("nobody else signed", holds=False, detail=f"{each.party} {problem}")
    if not found:
        yield Check("nobody else signed", holds=True, detail=f"{len(seen)} signatures")
