"""Random portfolios: contracts of few shapes that differ in numbers, names and literals."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.base.errors import GridpactError
from gridpact.contracts.canonical import from_bytes, to_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.evaluate import Known

SUFFIXES = ("", "-1", "-2")
SHIFTS = {"nano": 7, "micro/kWh": 11, "ppm": 13, "Wh": 17, "1": 0}


def varied(node, change):
    """Terms as JSON with other numbers and names; equal names stay equal."""
    if isinstance(node, list):
        return [varied(item, change) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: varied(value, change) for key, value in node.items()}
    match node.get("node"):
        case "const" if node["unit"] != "1" and "nomination" not in change["fixed"]:
            node["value"] = str(int(node["value"]) + change["step"] * SHIFTS[node["unit"]])
        case "profile":
            node["values"] = [str(int(value) + change["step"]) for value in node["values"]]
        case "series":
            node["name"] += change["series"].get(node["name"], "")
        case "choice":
            node["label"] += change["choices"]
        case "one":
            node["giver"], node["taker"] = (
                change["parties"].get(name, name) for name in (node["giver"], node["taker"])
            )
    return node


def variant(contract, change):
    wire = json.loads(to_bytes(contract))
    wire["terms"] = varied(wire["terms"], change)
    written = json.dumps(wire, sort_keys=True, separators=(",", ":")).encode()
    return written if change["signed"] else from_bytes(written)


def changes(names):
    return st.fixed_dictionaries(
        {
            "step": st.integers(0, 2),
            "fixed": st.sampled_from([(), ("nomination",)]),
            "series": st.dictionaries(st.sampled_from(names), st.sampled_from(SUFFIXES)),
            "choices": st.sampled_from(SUFFIXES),
            "parties": st.dictionaries(
                st.sampled_from(["a", "b", "member"]), st.sampled_from(["a", "b", "c", "d"])
            ),
            "signed": st.booleans(),
        }
    )


def portfolios(gen, most=7):
    """A few contracts of the common generator, variants of them and exact duplicates."""
    one = changes(sorted(gen.unit_of))
    some = st.lists(gen.contracts(1), min_size=1, max_size=2)
    return some.flatmap(
        lambda contracts: st.lists(
            st.builds(variant, st.sampled_from(contracts), one) | st.sampled_from(contracts),
            max_size=most,
        )
    )


def world(gen, seed, gaps=False, missing=False):
    """A world of [slots] series for every name that variants may use."""
    random = np.random.Generator(np.random.PCG64(seed))
    found = {}
    for name, values in gen.world(seed).items():
        for suffix in SUFFIXES:
            other = random.permutation(values if values.ndim == 1 else values[0])
            if gaps and random.random() < 0.5:
                other = Known(other, random.random(gen.slots.count) > 0.2)
            if not (missing and random.random() < 0.2):
                found[name + suffix] = other
    return found


def alone(contract, bound, slots):
    """A contract's own cash flows, or the error that it raises."""
    contract = from_bytes(contract) if isinstance(contract, bytes) else contract
    try:
        return cashflows(contract, bound, slots)
    except GridpactError as error:
        return error


def gathered(batches):
    """The cash flows of each contract of a portfolio that has any."""
    found = {}
    for batch in batches:
        for at, row in enumerate(batch.rows.tolist()):
            key = (batch.payers[at], batch.payees[at], batch.currency, batch.kind)
            flows = found.setdefault(row, {})
            assert key not in flows
            flows[key] = batch.amounts[at].tolist()
    return found


@pytest.fixture(scope="session")
def many(gen):
    return SimpleNamespace(
        portfolios=lambda most=7: portfolios(gen, most),
        world=lambda *args, **options: world(gen, *args, **options),
        alone=alone,
        gathered=gathered,
        variant=variant,
    )
