"""Scenarios that share by other keys: what they read from files, and runs that verify."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridpact.app import checks
from gridpact.base.errors import BadInput
from gridpact.contracts.parsing import from_bytes
from gridpact.kernel.codec import encode
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import SharingRules
from gridpact.settlement.messages import DaySettled
from gridpact.simulation.scenarios import load

ZONE = ZoneInfo("Europe/Berlin")
SCENARIO = """gridpact: 1
community: {slot_minutes: 60, timezone: Europe/Berlin}
run: {from: 2026-06-15, days: 1}
sharing: {SHARING}
members:
  - {id: bakery, role: consumer, load: {household_kwh_per_year: 30000}}
  - id: home
    role: prosumer
    load: {household_kwh_per_year: 3000}
    assets: [{kind: pv, kw_peak: 4}]
  - {id: park, role: producer, load: none, assets: [{kind: pv, kw_peak: 30}]}
"""
KEY = """gridpact: contract/1
currency: EUR
parties: [community, member]
series:
  sharing:need: Wh
terms:
  - deliver:
      quantity: min(sharing:need, 2 kWh)
      giver: community
      taker: member
      asset: energy
"""


def june(row):
    """A table of June, with what ``row`` says of each hour's instant."""
    start = datetime(2026, 6, 1, tzinfo=ZONE)
    return "".join(row((start + timedelta(hours=hour)).isoformat()) for hour in range(720))


def pooled(at):
    return f"{at},mp-bakery,0.7\n{at},mp-home,0.3\n"


def each(at):
    return "".join(
        f"{at},{producer},{consumer},{share}\n"
        for producer, shares in (("mp-home", (1, 0)), ("mp-park", (0.25, 0.25)))
        for consumer, share in zip(("mp-bakery", "mp-home"), shares, strict=True)
    )


POOLED = "slot_start,consumer,coefficient\n" + june(pooled)
EACH = "slot_start,producer,consumer,coefficient\n" + june(each)


@pytest.fixture
def written(tmp_path):
    """Write the scenario with some sharing, its files beside it."""

    def write(sharing, members="", **files):
        path = tmp_path / "scenario.yaml"
        text = SCENARIO.replace("SHARING", sharing)
        path.write_text(text.replace("30000}", f"30000}}{members}"), "utf-8")
        for name, content in files.items():
            (tmp_path / f"{name}.txt").write_text(content, "utf-8")
        return path

    return write


def test_nothing_more_is_journalled_where_nothing_more_is_said():
    bytes_of = encode(SharingRules("static", 500_000))
    assert b"coefficients" not in bytes_of
    assert b"contract" not in bytes_of


def test_coefficients_of_the_days_of_the_run(written):
    rules = load(written("key: simple-dynamic, coefficients: k.txt", k=POOLED)).sharing
    assert rules.coefficients is not None
    assert rules.coefficients.ppm[0, :, 0].tolist() == [700_000, 300_000, 0]
    assert rules.coefficients.ppm.shape == (1, 3, 24)
    assert rules.coefficients.start == int(datetime(2026, 6, 15, tzinfo=ZONE).timestamp())
    full = load(written("key: full-dynamic, coefficients: k.txt", k=EACH)).sharing.coefficients
    assert full is not None
    assert full.producers.tolist() == [1, 2]
    assert full.ppm[:, :, 0].tolist() == [[1_000_000, 0, 0], [250_000, 250_000, 0]]


RUNS = {
    "simple-dynamic": ("coefficients: k.txt", {"k": POOLED}, ""),
    "full-dynamic": ("coefficients: k.txt", {"k": EACH}, ""),
    "spanish-hourly": ("coefficients: k.txt, layout: long.v1", {"k": POOLED}, ""),
    "contract": ("contract: key.txt", {"key": KEY}, ""),
    "spanish-fixed": ("seller_percent: 0", {}, ", static_share_percent: 100"),
}


@pytest.mark.parametrize("key", RUNS)
def test_a_run_by_each_key_verifies(written, run_in_memory, key):
    more, files, members = RUNS[key]
    ran = run_in_memory(written(f"key: {key}, {more}", members, **files))
    record = ran.record
    assert checks.energy(record)
    settled, metered = next(iter(record.all(DaySettled))), next(iter(record.all(DayMetered)))
    assert settled.shared_in_wh.sum() == settled.shared_out_wh.sum() > 0
    used = metered.withdrawal_wh + settled.shared_out_wh + settled.supplier_out_wh
    made = metered.injection_wh + settled.shared_in_wh + settled.supplier_in_wh
    traded = settled.sold_wh - settled.bought_wh
    np.testing.assert_array_equal(used + traded, made)
    if key == "contract":
        assert settled.shared_in_wh.max() <= 2_000
        assert from_bytes(load(written(f"key: {key}, {more}", **files)).sharing.contract)


@pytest.mark.parametrize(
    ("sharing", "files", "words"),
    [
        ("key: simple-dynamic", {}, "the key simple-dynamic needs coefficients"),
        ("key: contract", {}, "the key contract needs contract"),
        ("key: static, coefficients: k.txt", {}, "the key static has no coefficients"),
        ("key: spanish-fixed", {}, "static shares add up to 0 percent, not 100"),
        ("key: simple-dynamic, coefficients: no.txt", {}, "cannot be read"),
        ("key: contract, contract: no.yaml", {}, "no.yaml"),
        ("key: simple-dynamic, coefficients: k.txt, layout: spain-6.v1", {}, "of Spanish keys"),
        (
            "key: simple-dynamic, coefficients: k.txt",
            {"k": POOLED.replace("mp-home", "mp-hone")},
            "'mp-hone' is no consumer of the operation",
        ),
        (
            "key: spanish-hourly, coefficients: k.txt, layout: long.v1",
            {"k": POOLED.replace("0.3", "0.2")},
            "do not add up to exactly 1",
        ),
        (
            "key: contract, contract: key.txt",
            {"key": KEY.replace("taker: member", "taker: other").replace("member]", "other]")},
            "it delivers nothing to 'member'",
        ),
        (
            "key: contract, contract: key.txt",
            {"key": KEY.replace("min(sharing:need, 2 kWh)",
                                "total(sharing:need, month@Europe/Berlin)")},
            "it cannot be read day by day",
        ),
    ],
)  # fmt: skip
def test_files_that_cannot_serve(written, sharing, files, words):
    with pytest.raises(BadInput) as caught:
        load(written(sharing, **files))
    assert words in str(caught.value)
