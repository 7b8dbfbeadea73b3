"""A street of three members, what they sign, and a room that hears of it."""

from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridpact.agreements.documents import Conditions, propose
from gridpact.agreements.messages import (
    AgreementChanged,
    ChoiceExercised,
    ProposeAgreement,
)
from gridpact.agreements.record import State as Stands
from gridpact.agreements.typed_data import digest
from gridpact.base.slots import Slots
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.products.demand_response import demand_response
from gridpact.contracts.products.forward import forward
from gridpact.contracts.products.reserve import secondary_reserve
from gridpact.scheduling.contracted.model import BySlot, Contracts, Signed

ZONE = "Europe/Berlin"
STEP = 900


def at(hour, minute=0, day=15, month=6, fold=0):
    """An instant of the local clock in 2026 [s since the epoch]."""
    local = datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(ZONE), fold=fold)
    return int(local.timestamp())


def wh(values, start=None):
    """An amount by slot, or one for every slot."""
    if np.ndim(values) == 0:
        return Const(int(values), "Wh")
    return Profile(at(0) if start is None else start, STEP, tuple(values), "Wh")


def sells(seller, buyer, quantity, start=None):
    """A forward of some energy in every slot, or by slot."""
    return forward(
        seller, buyer, wh(quantity, start), Const(1000, "micro/kWh"), Const(1, "1"), "EUR"
    )


def goes_down(provider, offered=1_000):
    """Demand response that an aggregator calls."""
    price = Const(1000, "micro/kWh")
    load = Series("metered:load", "Wh")
    return demand_response(
        provider, "aggregator", wh(offered), load, "mean.v1", price, price, price, 0, "EUR"
    )


def holds(provider, up, down):
    """Capacity held for a system operator, who may draw energy within it."""
    per_kw, price = Const(10, "micro/kW"), Const(1000, "micro/kWh")
    watts = Const(up, "W"), Const(down, "W")
    return secondary_reserve(
        provider, "tso", *watts, per_kw, per_kw, price, price, 3600 // STEP, 0, "EUR"
    )


def offer(name, terms, parties, slots, version=1, amends=None):
    """An agreement as one offers it; nobody looks at the signature here."""
    addresses = {party: bytes([place] * 20) for place, party in enumerate(parties, 1)}
    conditions = Conditions(version=version, amends=amends)
    document = propose(terms, name, addresses, slots, conditions)
    return ProposeAgreement(party=parties[0], agreement=document.agreement, signature=b"")


def bound(*offers, chosen=None):
    """What scheduling knows of agreements that all have signed; choices by agreement and label."""
    signed = tuple(
        Signed(
            offer=one,
            state="active",
            ends=one.agreement.end,
            bound=True,
            chosen={
                label: BySlot(slots.starts(), np.asarray(values))
                for (name, label), (slots, values) in (chosen or {}).items()
                if name == one.agreement.id
            },
        )
        for one in offers
    )
    return Contracts(signed=signed)


def changed(one, before, after):
    """What the agreements' room tells of a version."""
    return AgreementChanged(
        agreement=one.agreement.id,
        version=one.agreement.version,
        digest=digest(one.agreement),
        before=None if before is None else Stands(before),
        after=Stands(after),
    )


def called(one, label, slots, values):
    return ChoiceExercised(
        agreement=one.agreement.id,
        version=one.agreement.version,
        label=label,
        slots=slots,
        values=np.asarray(values),
    )


@pytest.fixture(scope="session")
def tools():
    return SimpleNamespace(
        at=at,
        wh=wh,
        sells=sells,
        goes_down=goes_down,
        holds=holds,
        offer=offer,
        bound=bound,
        changed=changed,
        called=called,
        STEP=STEP,
        ZONE=ZONE,
        day=Slots(at(0), STEP, 96),
    )


@pytest.fixture(scope="session")
def street(small_community):
    """Three homes below a limit: a battery and a roof, a car, two batteries."""
    return small_community(
        3,
        zones=((-1, 12_000, -1),),
        pv=((0, 3_000),),
        storage=[
            ("battery", 0, 4_000, 2_000, 8_000, 1, 1, 1),
            ("car", 1, 8_000, 0, 40_000, 1, 1, 1),
            ("battery", 2, 3_000, 1_000, 4_000, 1, 1, 1),
            ("battery", 2, 3_000, 3_000, 4_000, 1, 1, 1),
        ],
    )
