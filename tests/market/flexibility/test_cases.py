"""Tenders worked by hand."""

import json
from pathlib import Path

import pytest

from gridpact.market.flexibility import exact
from gridpact.market.flexibility.selection import accounts

CASES = [
    folder
    for folder in sorted((Path(__file__).parents[2] / "cases" / "flexibility").iterdir())
    if not folder.name.startswith("pairs-")
]


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder, offers_of, requests_of, tender_of):
    case = json.loads((folder / "case.json").read_text())
    offers, wanted = offers_of(case["offers"]), requests_of(case["requests"])
    tender = tender_of(case["sensitivity_ppm"], case["slots"], step=case["step_s"])
    found = exact.select(offers, wanted, tender)
    assert found.power_w.tolist() == case["power_w"]
    assert found.cost_nano == pytest.approx(case["cost_nano"])
    books = accounts(offers, wanted, tender, found, len(case["paid_nano"]))
    assert books.reservation_nano.tolist() == case["reservation_nano"]
    assert books.activation_nano.tolist() == case["activation_nano"]
    assert books.paid_nano.tolist() == case["paid_nano"]


def test_the_cases_are_there():
    assert CASES
