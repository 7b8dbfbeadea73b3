"""Parties with wallets, and an agreement to sign."""

from dataclasses import dataclass, field
from hashlib import sha256
from types import SimpleNamespace

import pytest

from gridpact.agreements.documents import Conditions, countersign, propose
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.model import NONE_BEFORE, Agreement
from gridpact.agreements.typed_data import digest
from gridpact.base.slots import Slots
from gridpact.contracts.formulas import nominated
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import sale

START = 1_782_864_000  # 2026-07-01T00:00Z
STEP = 3600
SLOTS = Slots(START, STEP, 24)
NAMES = ("park", "bakery")
KEYS = {name: WalletKey(sha256(name.encode()).digest()) for name in (*NAMES, "stranger")}
NOMINATION = nominated("nomination", "bakery", Const(1000, "Wh"), notice_s=2 * STEP)
SUPPLY = sale(NOMINATION, Const(80_000, "micro/kWh"), "park", "bakery", "energy", "EUR")
METERED = sale(Series("load", "Wh"), Const(80_000, "micro/kWh"), "park", "bakery", "energy", "EUR")
ADDRESSES = {name: KEYS[name].address for name in NAMES}


@dataclass
class Fact:
    """What the model keeps of a version."""

    agreement: Agreement
    proposer: str
    signed: set
    closed: str = ""
    bound: bool = False
    ends: int = 0
    ending: str = "expired"
    consents: dict = field(default_factory=dict)
    chosen: dict = field(default_factory=dict)

    def at(self, now, standing_still):
        if self.closed:
            return self.closed
        if not self.bound:
            return "lapsed" if now >= self.agreement.offer_until else "proposed"
        if now >= self.ends:
            return self.ending
        if now < self.agreement.start:
            return "countersigned"
        return "suspended" if standing_still else "active"


class Model:
    """Facts, and what follows from them at a time: what the room is compared with."""

    def __init__(self, now):
        self.now = now
        self.facts = []
        self.switches = []  # (instant, on or off)

    @property
    def still(self):
        return bool(self.switches) and not self.switches[-1][1]

    def state(self, fact):
        return fact.at(self.now, self.still)

    def binding(self):
        return [f for f in self.facts if self.state(f) in ("countersigned", "active", "suspended")]

    def offered(self, number):
        fact = self.facts[number - 1] if 1 <= number <= len(self.facts) else None
        return fact if fact and self.state(fact) == "proposed" else None

    def may_follow(self, agreement):
        binding = self.binding()
        if not binding:
            return not any(f.bound for f in self.facts) and agreement.previous == NONE_BEFORE
        last = binding[-1]
        return (
            agreement.previous == digest(last.agreement)
            and last.agreement.start <= agreement.start <= last.ends
        )

    def may_end(self, at):
        binding = self.binding()
        return bool(binding) and self.now <= at < max(f.ends for f in binding) and at % STEP == 0

    def end_all(self, at):
        for fact in self.binding():
            if at <= fact.ends:
                fact.ends, fact.ending = at, "terminated"


def draft(contract=SUPPLY, slots=SLOTS, name="supply", parties=ADDRESSES, **conditions):
    """Write a document without signatures."""
    return propose(contract, name, parties, slots, Conditions(**conditions))


def signed(document, names=NAMES):
    """Let parties sign."""
    for name in names:
        document = countersign(document, KEYS[name])
    return document


@pytest.fixture(scope="session")
def desk():
    return SimpleNamespace(
        START=START,
        STEP=STEP,
        SLOTS=SLOTS,
        NAMES=NAMES,
        KEYS=KEYS,
        ADDRESSES=ADDRESSES,
        SUPPLY=SUPPLY,
        METERED=METERED,
        draft=draft,
        signed=signed,
        Fact=Fact,
        Model=Model,
    )
