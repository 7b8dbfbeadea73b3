"""Parties with wallets, and an agreement to sign."""

from hashlib import sha256
from types import SimpleNamespace

import pytest

from gridpact.agreements.documents import Conditions, countersign, propose
from gridpact.agreements.keys import WalletKey
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
    )
