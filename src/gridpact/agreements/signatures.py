"""Signatures in a document: whose they are meant to be, and whether they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gridpact.agreements.addresses import checksummed, signer
from gridpact.agreements.model import Agreement
from gridpact.base.errors import Fault


@dataclass(frozen=True)
class Signature:
    """Whose signature this is meant to be: ``signature`` is r, s and v [65 bytes]."""

    party: str
    address: bytes
    signature: bytes


def flaw(signed: bytes, signature: bytes, wallet: bytes) -> str:
    """Say why a signature of a digest [32 bytes] is not a wallet's; empty where it is."""
    found = signer(signed, signature)
    if found is None:
        return "is no signature"
    return "" if found == wallet else f"is of {checksummed(found)}, not of this party"


def strays(agreement: Agreement, signatures: tuple[Signature, ...]) -> Iterator[tuple[str, str]]:
    """Yield whoever is said to have signed and should not be there, and why."""
    seen = set[str]()
    for each in signatures:
        wallet = agreement.address_of(each.party)
        if not wallet:
            yield each.party, "who is no party"
        elif each.party in seen:
            yield each.party, "a second time"
        elif wallet != each.address:
            shown = checksummed(each.address)
            yield each.party, f"with {shown}, which is not this party's wallet"
        seen.add(each.party)


def valid(agreement: Agreement, signed: bytes, each: Signature) -> bool:
    """Tell whether a signature is of the party that it names, with the wallet that it names."""
    wallet = agreement.address_of(each.party)
    return wallet == each.address and bool(wallet) and not flaw(signed, each.signature, wallet)


def faults_of_others(
    agreement: Agreement, signed: bytes, signatures: tuple[Signature, ...], party: str
) -> list[Fault]:
    """List what is wrong with the signatures of everyone but a party, which signs anew."""
    others = tuple(each for each in signatures if each.party != party)
    fix = "take it out of the document, or propose another"
    found = [
        Fault("signatures", 0, name, f"{name} signed {problem}", fix)
        for name, problem in strays(agreement, others)
    ]
    for each in others:
        wallet = agreement.address_of(each.party)
        if wallet and (problem := flaw(signed, each.signature, wallet)):
            again = f"let {each.party} sign again first, what the document says now"
            found.append(Fault("signatures", 0, each.party, f"the signature {problem}", again))
    return found
