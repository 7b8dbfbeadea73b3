"""Every product against its golden folder, ``tests/cases/products/<product>/``.

The expected figures were worked by hand (WORKING.md of each folder); ``README.md`` beside the
folders describes the files.
"""

import csv
import json
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from gridpact.base.errors import MissingSeries
from gridpact.base.slots import Slots, iso
from gridpact.contracts.canonical import from_bytes, to_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.evaluate import Known
from gridpact.contracts.files import read_contract
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.products import CATALOGUE

FOLDER = Path(__file__).parents[2] / "cases" / "products"
CASES = sorted(path for path in FOLDER.iterdir() if path.is_dir())
each_case = pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)


def rows(path):
    """Columns of a CSV file by their heading, as text."""
    with path.open(encoding="ascii", newline="") as file:
        head, *body = csv.reader(file)
    assert len(set(head)) == len(head), f"{path}: a heading occurs twice"
    assert all(len(row) == len(head) for row in body), f"{path}: a row is not {len(head)} cells"
    return {name: [row[column] for row in body] for column, name in enumerate(head)}


def table(path, slots):
    """Whole numbers of a file of expected values, whose slots are those of the data."""
    columns = rows(path)
    assert columns.pop("slot_start") == [iso(start) for start in slots.starts().tolist()]
    return {name: [int(cell) for cell in cells] for name, cells in columns.items()}


def world_of(case):
    """Slots and bound series of ``data.csv``; an empty cell is absent."""
    columns = rows(case / "data.csv")
    starts = [int(datetime.fromisoformat(at).timestamp()) for at in columns.pop("slot_start")]
    slots = Slots(starts[0], starts[1] - starts[0], len(starts))
    assert slots.starts().tolist() == starts
    world = {}
    for head, cells in columns.items():
        values = np.array([int(cell or 0) for cell in cells], dtype=np.int64)
        present = np.array([cell != "" for cell in cells])
        world[head.split(" [")[0]] = Known(values, present)
    return world, slots


def terms_of(case):
    return from_bytes((case / "terms.json").read_bytes().removesuffix(b"\n"))


def shown(amounts):
    return {name: values.tolist() for name, values in amounts.items()}


def test_every_product_has_a_golden_folder_and_every_folder_a_product():
    assert {path.name for path in CASES} == set(CATALOGUE)


@each_case
def test_the_file_gives_the_terms(case):
    contract = read_contract(case / "contract.yaml").contract
    assert to_bytes(contract) + b"\n" == (case / "terms.json").read_bytes()


@each_case
def test_cashflows(case):
    world, slots = world_of(case)
    flows = cashflows(terms_of(case), world, slots)
    named = {f"{giver}>{taker} {cur}/{kind}": v for (giver, taker, cur, kind), v in flows.items()}
    assert shown(named) == table(case / "cashflows.csv", slots)


@each_case
def test_obligations(case):
    """Legs of one asset between the same two parties are one column, added."""
    world, slots = world_of(case)
    found = {}
    for leg in obligations(terms_of(case), world, slots):
        for end, values in (("low", leg.low), ("high", leg.high)):
            name = f"{leg.giver}>{leg.taker} {leg.asset} {end}"
            found[name] = found.get(name, 0) + values
    assert shown(found) == table(case / "obligations.csv", slots)


@each_case
def test_needs(case):
    required = needs(terms_of(case))
    assert {
        "series": {need.name: need.unit for need in required.series},
        "choices": {
            need.label: {"by": need.by, "notice_s": need.notice_s, "unit": need.unit}
            for need in required.choices
        },
    } == json.loads((case / "needs.json").read_text(encoding="ascii"))


@each_case
def test_what_is_missing_is_named_and_what_is_not_needed_changes_nothing(case):
    world, slots = world_of(case)
    contract = terms_of(case)
    expected = shown(cashflows(contract, world, slots))
    more = world | {"not:needed": np.arange(slots.count)}
    assert shown(cashflows(contract, more, slots)) == expected
    required = needs(contract)
    names = [need.name for need in required.series]
    names += [f"choice:{need.label}" for need in required.choices]
    assert set(names) == set(world)
    for name in names:
        fewer = {key: values for key, values in world.items() if key != name}
        with pytest.raises(MissingSeries) as caught:
            cashflows(contract, fewer, slots)
        assert caught.value.name == name


@each_case
def test_the_working_reaches_every_payment(case):
    """Figures may group their digits, as in 1_250_000."""
    _, slots = world_of(case)
    working = (case / "WORKING.md").read_text(encoding="utf-8")
    figures = set(re.findall("[0-9]+", working.replace("_", "")))
    for name, cells in table(case / "cashflows.csv", slots).items():
        missing = {cell for cell in cells if cell and str(abs(cell)) not in figures}
        assert not missing, f"{name}: {sorted(missing)} nano are not in WORKING.md"
