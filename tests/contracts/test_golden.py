"""Agreed terms of earlier versions: their bytes parse for ever, and their hashes stay."""

from pathlib import Path

import pytest

from gridpact.contracts.canonical import from_bytes, keccak256, terms_hash, to_bytes
from gridpact.contracts.formulas import (
    at_end,
    decision,
    filled,
    highest,
    latch,
    maximum,
    minimum,
    muldiv,
    nominated,
    running,
    share,
    total,
    whole,
)
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.products.option import OptionTerms, put
from gridpact.contracts.products.ppa import virtual_ppa
from gridpact.contracts.products.sharing import sharing_key
from gridpact.contracts.products.spot import spot_trade
from gridpact.contracts.terms import All, One, deliver, either, pay, sale, until, when, within
from gridpact.contracts.times import Between, LocalTime

FOLDER = Path(__file__).parents[1] / "cases" / "contracts"
LOAD, GEN, SPOT = (
    Series("metered:load", "Wh"),
    Series("metered:gen", "Wh"),
    Series("spot", "micro/kWh"),
)
STRIKE = Const(70000, "micro/kWh")
QUARTERS = Profile(1781517600, 900, (0, 1250, -7, 9007199254740993), "Wh")


def paid(amount):
    return pay(amount, "member", "operator", "fee", "EUR")


# One entry per constructor, operation and fold, then whole products. Append only.
TERMS = {
    "one": One("energy", "m-0001", "m-0002"),
    "one-money": One("money:EUR/energy", "m-0001", "m-0002"),
    "one-certificate": One("certificate:GO:2026-06", "m-0001", "m-0002"),
    "one-flexibility": One("flexibility:down", "m-0001", "aggregator"),
    "one-capacity": One("capacity", "m-0001", "tso"),
    "all-empty": All(),
    "all": All((One("energy", "a", "b"), One("money:CHF/x", "b", "a"))),
    "scale-const": paid(Const(-9223372036854775807, "nano")),
    "profile": deliver(QUARTERS, "a", "b", "energy"),
    "series": deliver(Series("baseline:load@high5of10.v1", "Wh"), "a", "b", "flexibility:down"),
    "choice": deliver(nominated("nomination", "b", QUARTERS, 3600), "a", "b", "energy"),
    "op-plus": deliver(LOAD + GEN, "a", "b", "energy"),
    "op-minus": deliver(LOAD - GEN, "a", "b", "energy"),
    "op-times": paid(LOAD * SPOT),
    "op-max": deliver(maximum(LOAD, GEN, 0), "a", "b", "energy"),
    "op-min": deliver(minimum(LOAD, GEN), "a", "b", "energy"),
    "op-at-least": within(LOAD >= GEN, All()),
    "op-muldiv": deliver(muldiv(LOAD, GEN, Const(1000, "Wh")), "a", "b", "energy"),
    "op-share": deliver(share(LOAD, 250000), "a", "b", "energy"),
    "fold-total": paid(at_end() * (total(LOAD) * STRIKE)),
    "fold-running": paid(running(LOAD) * STRIKE),
    "fold-latch": when(LOAD >= 5, All()) + until(latch(GEN >= 5), All()),
    "decision": within(decision("exercise", "holder", 900), All()),
    "either": either("tariff", "member", paid(LOAD * SPOT), paid(LOAD * STRIKE), 86400),
    "sale": sale(LOAD, SPOT, "supplier", "member", "supply", "EUR"),
    "product-spot": spot_trade(
        QUARTERS, Profile(1781517600, 900, (1, 2, 3, -4), "micro/kWh"), "m-0001", "m-0002", "EUR"
    ),
    "product-sharing": sharing_key("member", "community", "EUR", "default-dynamic.v1"),
    "product-put": put(
        OptionTerms(Const(1000, "Wh"), STRIKE, Const(5, "nano"), 3600, "EUR"), "w", "h"
    ),
    "product-virtual-ppa": virtual_ppa(GEN, SPOT, STRIKE, "seller", "buyer", "EUR"),
    "one-carbon": One("carbon:EUA", "m-0001", "m-0002"),
    "between": within(Between(1781517600, 1784109600), All()),
    "local-time": within(
        LocalTime("Europe/Berlin", (4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 5), 61200, 72000), All()
    ),
    "op-filled": deliver(filled(LOAD, GEN), "a", "b", "energy"),
    "fold-highest": paid(highest(LOAD, "month@Europe/Brussels") * STRIKE),
    "fold-whole": paid(whole(LOAD, "year@Europe/Berlin") * STRIKE),
    "fold-day": paid(total(LOAD, "day@America/Argentina/Buenos_Aires") * STRIKE),
    "fold-week": paid(total(LOAD, "week@Asia/Kolkata") * STRIKE),
    "fold-quarter": paid(running(LOAD, "quarter@UTC") * STRIKE),
    "units-carbon": pay(
        (LOAD * Const(400, "g/kWh")) * Const(70, "micro/g"), "a", "b", "carbon", "EUR"
    ),
    "units-capacity": pay(Const(5000, "W") * Const(1200, "micro/kW"), "a", "b", "capacity", "EUR"),
    "units-temperature": paid(LOAD * (Series("heat", "mK") * Const(5, "micro/kWh/mK"))),
}


def hashes():
    lines = (FOLDER / "KECCAK256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_old_bytes_parse_and_keep_their_hash(path):
    data = path.read_bytes().rstrip(b"\n")
    contract = from_bytes(data)
    assert to_bytes(contract) == data
    assert terms_hash(contract).hex() == keccak256(data).hex() == hashes()[path.name]


@pytest.mark.parametrize("name", TERMS)
def test_terms_are_still_written_the_same(name):
    assert to_bytes(TERMS[name]) == (FOLDER / f"{name}.json").read_bytes().rstrip(b"\n")


def test_no_case_was_lost():
    assert set(hashes()) == {path.name for path in FOLDER.glob("*.json")}
    assert {f"{name}.json" for name in TERMS} <= set(hashes())
