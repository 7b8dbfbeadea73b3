"""A register of certificates as entries of a ledger: a lot of serials is a certificate there.

What a register's operations come to on a ledger follows from them alone, so what is there already
is the beginning of it, and a register that was changed is told from the one carried before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import TypeAlias

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.ledger.entries import Entry, tag_of
from gridpact.ledger.kinds.certificates import (
    CertificateCancelled,
    CertificateExpired,
    CertificateIssued,
    CertificateTransferred,
    CertificateWithdrawn,
)
from gridpact.settlement.certificates.operations import (
    Cancel,
    Issue,
    Operation,
    Span,
    Transfer,
    Withdraw,
)
from gridpact.settlement.certificates.register import Holding, Lot, Register

Certified: TypeAlias = (
    CertificateIssued
    | CertificateTransferred
    | CertificateCancelled
    | CertificateExpired
    | CertificateWithdrawn
)


def carried(operations: Iterable[Operation], name: str, at_s: int) -> Iterator[Certified]:
    """Yield what a register called ``name`` has done up to an instant [epoch s], in order.

    A lot is a certificate ``NAME/SERIAL``, after its first serial. Its period is the claim's; what
    corrected readings add to a claim is a period ``…/2`` of its own, so that none is certified
    twice. Lots expire when their time is over, before what comes later.
    """
    register, due = Register(), list[tuple[int, int, Lot]]()
    for operation in operations:
        if operation.at_s > at_s:
            break
        yield from _expired(register, due, name, operation.at_s)
        yield from _done(register, name, operation)
        known = len(register.lots)
        register.apply(operation)
        for lot in register.lots[known:]:
            heappush(due, (lot.usable_s, lot.serials.first, lot))
            yield _issued(register, name, lot)
    yield from _expired(register, due, name, at_s)


def _done(register: Register, name: str, operation: Operation) -> Iterator[Certified]:
    """Yield what an operation does to certificates that are there, before it is applied."""
    if isinstance(operation, Issue):
        spans = [span for row in operation.rows for span in row.withdrawn]
    else:
        spans = list(operation.spans)
    for each in _parts(register, spans):
        what = _name(name, each.lot), each.piece.owner
        match operation:
            case Transfer():
                yield CertificateTransferred(*what, operation.target, each.energy_wh)
            case Cancel():
                used = f"{operation.id}/{operation.beneficiary}"
                yield CertificateCancelled(*what, each.energy_wh, used)
            case Issue() | Withdraw():
                yield CertificateWithdrawn(*what, each.energy_wh)


def left(entries: Iterable[Entry], expected: Sequence[Certified], name: str) -> list[Certified]:
    """Return what of it is not on a ledger yet; BadInput where that has something else."""
    there = [
        e for e in entries if isinstance(e, Certified) and e.certificate.startswith(f"{name}/")
    ]
    for has, is_ in zip(there, expected, strict=False):
        if has != is_:
            raise _other(has, f"the register has {_said(is_)}")
    if len(there) > len(expected):
        raise _other(there[len(expected)], "the register has no more")
    return list(expected[len(there) :])


def _parts(register: Register, spans: Iterable[Span]) -> list[Holding]:
    return [each for span in spans for each in register.within(span, 0)]


def _expired(
    register: Register, due: list[tuple[int, int, Lot]], name: str, at_s: int
) -> Iterator[CertificateExpired]:
    while due and due[0][0] <= at_s:
        _, _, lot = heappop(due)
        for each in _parts(register, [lot.serials]):
            if not each.piece.fate:
                yield CertificateExpired(_name(name, lot), each.piece.owner, each.energy_wh)


def _issued(register: Register, name: str, lot: Lot) -> CertificateIssued:
    number = register.of_claims[lot.device.id, lot.start_s].index(lot) + 1
    period = f"{iso(lot.start_s)}/{iso(lot.end_s)}" + (f"/{number}" if number > 1 else "")
    energy_wh = (lot.serials.end - lot.serials.first) * lot.size_wh
    return CertificateIssued(
        _name(name, lot), lot.device.id, lot.device.owner, period, lot.device.source, energy_wh
    )


def _name(name: str, lot: Lot) -> str:
    return f"{name}/{lot.serials.first}"


def _said(entry: Certified) -> str:
    return f"{tag_of(entry)} of {entry.certificate}, {entry.energy_wh} Wh"


def _other(has: Certified, instead: str) -> BadInput:
    fix = "carry the register that was carried before; on a ledger nothing is taken back"
    problem = f"{_said(has)} is on the ledger, where {instead}"
    return BadInput([Fault("ledger", 0, has.certificate, problem, fix)])
