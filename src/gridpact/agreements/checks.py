"""What must hold of an agreement before anybody signs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.model import ADDRESS_BYTES, HASH_BYTES, NONE_BEFORE, Agreement
from gridpact.agreements.promises import broken_promises, broken_times
from gridpact.base.errors import BadInput
from gridpact.base.ids import PATTERN, well_formed
from gridpact.base.slots import iso
from gridpact.base.units import INT64_MAX
from gridpact.contracts.canonical import keccak256
from gridpact.contracts.needs import factors, nodes
from gridpact.contracts.observables import NAME, Choice
from gridpact.contracts.terms import All, Contract, One, Scale

Found: TypeAlias = Iterator[tuple[str, str, str]]  # field, problem, fix

MAX_UINT32 = 2**32 - 1
LAST_INSTANT = 253_402_300_799
"""9999-12-31T23:59:59Z, the last instant that ISO 8601 writes in four digits."""


def faults(agreement: Agreement) -> list[tuple[str, str, str]]:
    """List everything wrong with an agreement as (field, problem, fix); none means it may stand."""
    return [*field_faults(agreement), *_hash(agreement), *_terms(agreement)]


def field_faults(agreement: Agreement) -> list[tuple[str, str, str]]:
    """List what is wrong with the fields beside the terms; none means that it has a digest."""
    return [*_names(agreement), *_wallets(agreement), *_numbers(agreement)] or [*_order(agreement)]


def succession_faults(before: Agreement, after: Agreement) -> list[tuple[str, str, str]]:
    """List why one agreement cannot take over from another, which runs to its end."""
    found = []
    if after.id != before.id:
        problem = f"{after.id!r} is not {before.id!r}, which it amends"
        found.append(("id", problem, "keep the identifier"))
    if not before.start <= after.start <= before.end:
        problem = f"{iso(after.start)} is not within the version that it amends"
        fix = f"begin from {iso(before.start)} to {iso(before.end)}"
        found.append(("start", problem, fix))
    found += [
        ("parties", f"{each.name} is left out, or has another wallet", "keep everybody's wallet")
        for each in before.parties
        if each not in after.parties
    ]
    return found


def named_in(contract: Contract) -> set[str]:
    """Return everyone whom a contract names: givers, takers and authors of choices."""
    pending, seen, found = [contract], set[int](), set[str]()
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        match part:
            case One(_, giver, taker):
                found |= {giver, taker}
            case All(parts):
                pending.extend(parts)
            case Scale(_, of):
                pending.append(of)
    return found | {node.by for node in nodes(factors(contract)) if isinstance(node, Choice)}


def _names(agreement: Agreement) -> Found:
    if not well_formed(agreement.id):
        yield "id", f"{agreement.id!r} is no identifier", f"use {PATTERN}"
    if agreement.authority and NAME.fullmatch(agreement.authority) is None:
        yield (
            "authority",
            f"{agreement.authority!r} is no name",
            "use letters, digits, . _ : @ / + -",
        )
    for place, name in enumerate(agreement.names):
        if NAME.fullmatch(name) is None:
            yield f"parties[{place}].name", f"{name!r} is no name", "use letters, digits, . _ - …"
    for name, count in Counter(agreement.names).items():
        if count > 1:
            yield "parties", f"{name!r} comes {count} times", "name each party once"
    if len(agreement.parties) < 2:
        yield "parties", f"{len(agreement.parties)} named", "name at least two"


def _wallets(agreement: Agreement) -> Found:
    for place, party in enumerate(agreement.parties):
        if len(party.address) != ADDRESS_BYTES:
            problem = f"{len(party.address)} bytes"
            yield f"parties[{place}].address", problem, f"give {ADDRESS_BYTES} bytes"
    for address, count in Counter(party.address for party in agreement.parties).items():
        if count > 1 and len(address) == ADDRESS_BYTES:
            problem = f"{checksummed(address)} stands for {count} parties"
            yield "parties", problem, "let each party sign with a wallet of its own"
    if len(agreement.previous) != HASH_BYTES:
        yield "previous", f"{len(agreement.previous)} bytes", f"give {HASH_BYTES} bytes"
    if len(agreement.terms_hash) != HASH_BYTES:
        yield "terms_hash", f"{len(agreement.terms_hash)} bytes", f"give {HASH_BYTES} bytes"


def _numbers(agreement: Agreement) -> Found:
    ranges = {
        "version": (1, MAX_UINT32),
        "step": (1, MAX_UINT32),
        "start": (0, LAST_INSTANT),
        "end": (0, LAST_INSTANT),
        "offer_until": (0, LAST_INSTANT),
        "termination_notice_s": (-1, INT64_MAX),
    }
    for field, (low, high) in ranges.items():
        number = getattr(agreement, field)
        if not low <= number <= high:
            yield field, f"{number} is out of range", f"give a whole number from {low} to {high}"


def _order(agreement: Agreement) -> Found:
    """What must hold between fields that are each in range."""
    for field in ("start", "end"):
        if getattr(agreement, field) % agreement.step:
            yield field, f"is not on a slot of {agreement.step} s", "begin and end on whole slots"
    if agreement.end <= agreement.start:
        yield "end", "is not after the start", "let it run for at least one slot"
    if agreement.offer_until > agreement.start:
        yield "offer_until", "is after the start", "let the offer end before the agreement begins"
    if agreement.version == 1 and agreement.previous != NONE_BEFORE:
        yield "previous", "names a version before the first", "write 32 zero bytes"


def _hash(agreement: Agreement) -> Found:
    if keccak256(agreement.terms) != agreement.terms_hash:
        yield "terms_hash", "is not the hash of the terms", "sign the terms that were agreed"


def _terms(agreement: Agreement) -> Found:
    try:
        contract = agreement.contract()
    except BadInput as error:
        for fault in error.faults:
            yield "terms", f"{fault.where}: {fault.problem}", fault.fix
        return
    for problem, fix in broken_promises(agreement, contract):
        yield "terms", problem, fix
    if not field_faults(agreement):
        for problem, fix in broken_times(agreement, contract):
            yield "terms", problem, fix
    for name in sorted(named_in(contract) - set(agreement.names)):
        yield "terms", f"{name!r} is named and no party", "let everyone sign whom the terms name"
