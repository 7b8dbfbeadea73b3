"""Agreements in a simulated world: signed by wallets made from the seed, as people sign them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from gridpact.agreements.documents import Conditions, Document, countersign, propose
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.messages import (
    CountersignAgreement,
    DelegateChoices,
    ExerciseChoice,
    ProposeAgreement,
)
from gridpact.agreements.record import choice_of
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import from_bytes
from gridpact.kernel.messages import Message
from gridpact.simulation.scenarios.model import Agreement, Decision


class Papers(NamedTuple):
    """Agreements of a run whose first slot begins at ``first`` [s since the epoch]."""

    agreements: tuple[Agreement, ...] = ()
    first: int = 0

    def signed(self, step: int, seed: int) -> list[Message]:
        """Return what is sent as a run begins: offers, signatures, decisions told by then.

        And who leaves choices to plans.
        """
        sent: list[Message] = []
        for one in self.agreements:
            sent += _signatures(_document(one, step, seed))
            sent += (DelegateChoices(party=name, agreement=one.id) for name in one.delegated)
            sent += (_decided(one, each, step) for each in one.decisions if each.told <= self.first)
        return sent

    def decided(self, slot: int, step: int) -> list[Message]:
        """Return the decisions that are told while a slot lasts; they are sent at its end."""
        return [
            _decided(one, each, step)
            for one in self.agreements
            for each in one.decisions
            if max(slot, self.first) < each.told <= slot + step
        ]


def wallet(seed: int, name: str) -> WalletKey:
    """The key of a simulated party: no secret, anybody can make it from the seed."""
    return WalletKey(sha256(f"gridpact simulated wallet/{seed}/{name}".encode()).digest())


def _document(one: Agreement, step: int, seed: int) -> Document:
    """The agreement with the signatures of all its parties."""
    keys = {name: wallet(seed, name) for name in one.parties}
    slots = Slots(one.start, step, (one.end - one.start) // step)
    addresses = {name: key.address for name, key in keys.items()}
    conditions = Conditions(authority=one.authority)
    document = propose(from_bytes(one.terms), one.id, addresses, slots, conditions)
    for key in keys.values():
        document = countersign(document, key)
    return document


def _signatures(document: Document) -> Iterator[Message]:
    """Yield what parties send: the first its offer, all others their signatures."""
    first, *others = document.signatures
    agreement = document.agreement
    yield ProposeAgreement(party=first.party, agreement=agreement, signature=first.signature)
    for each in others:
        yield CountersignAgreement(
            party=each.party,
            agreement=agreement.id,
            version=agreement.version,
            signature=each.signature,
        )


def _decided(one: Agreement, decision: Decision, step: int) -> ExerciseChoice:
    choice = choice_of(one.terms, decision.label)
    return ExerciseChoice(
        party="" if choice is None else choice.by,
        agreement=one.id,
        version=1,
        label=decision.label,
        slots=Slots(decision.begin, step, decision.count),
        values=np.full(decision.count, decision.value, np.int64),
    )
