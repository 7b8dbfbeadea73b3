"""Temperatures of what stores heat: read, left out where none are given, and refused in parts."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.kernel.codec import decode, encode
from gridpact.registry.model import Community
from gridpact.scheduling.standing.places import Places
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community


@pytest.fixture
def read(tmp_path):
    """Load a scenario of one home with these assets."""

    def made(*assets):
        path = tmp_path / "home.yaml"
        lines = "".join(f"      - {{{each}}}\n" for each in assets)
        text = f"gridpact: 1\nmembers:\n  - id: m\n    role: prosumer\n    assets:\n{lines}"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return made


WARM = "kind: heat_pump, storage_kwh: 9, empty_c: 18, full_c: 24"
TANK = "kind: tank, storage_kwh: 6, empty_c: 10, full_c: 70, litres: 90"


def test_temperatures_are_read_and_journalled(read):
    built = community(read("kind: battery", WARM, TANK))
    assert built.storage.ids == ("m-battery", "m-heat-pump", "m-tank")
    heat = built.storage.heat
    assert heat.empty_mc.tolist() == [0, 18_000, 10_000]
    assert heat.full_mc.tolist() == [0, 24_000, 70_000]
    assert heat.litres.tolist() == [0, 0, 90]
    again = decode(encode(built), Community).storage.heat
    assert np.array_equal(again.full_mc, heat.full_mc)
    warmth = Places(built).warmth
    assert set(warmth) == {"m-heat-pump", "m-tank"}
    assert (warmth["m-heat-pump"].wh_per_k, warmth["m-heat-pump"].reference_c) == (1_500, 18)
    assert (warmth["m-tank"].wh_per_k, warmth["m-tank"].litres) == (100, 90)


def test_a_community_without_temperatures_is_journalled_as_it_always_was(read):
    built = community(read("kind: heat_pump", "kind: tank"))
    assert built.storage.heat is msgspec.UNSET
    fields = msgspec.msgpack.decode(encode(built), ext_hook=lambda *_: None)
    assert "heat" not in fields["storage"]
    assert Places(built).warmth == {}


@pytest.mark.parametrize(
    ("asset", "where", "problem"),
    [
        ("kind: heat_pump, full_c: 24", "full_c", "says nothing without the other temperature"),
        ("kind: tank, empty_c: 10", "empty_c", "says nothing without the other temperature"),
        ("kind: heat_pump, empty_c: 24, full_c: 24", "full_c", "is no warmer than empty_c"),
        ("kind: tank, litres: 90", "litres", "says nothing without temperatures"),
        ("kind: tank, empty_c: 10, full_c: 700", "full_c", "700"),
        ("kind: heat_pump, litres: 90", "litres", "litres"),
    ],
)
def test_what_says_nothing_or_cannot_be_is_refused_at_its_place(read, asset, where, problem):
    with pytest.raises(BadInput) as caught:
        read(asset)
    told = [f"{fault.where} {fault.problem}" for fault in caught.value.faults]
    assert any(where in each and problem in each for each in told)
    assert all(fault.line == 6 and fault.fix for fault in caught.value.faults)
