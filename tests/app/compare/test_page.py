"""The pages: self-contained, the same for the same comparison, and with every figure."""

import re
from pathlib import Path

import pytest

from gridpact.app.compare.orders import compare_orders
from gridpact.app.compare.recorded import compare_run
from gridpact.app.compare.whole import compare
from gridpact.app.report.comparison import build_comparison
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.simulation.scenarios import load

ROOT = Path(__file__).resolve().parents[3]
ORDERS = ROOT / "tests" / "cases" / "comparison" / "orders.csv"


@pytest.fixture(scope="module")
def pages(markets):
    scenario = load(ROOT / "examples" / "small.yaml", overrides={"generate.homes": 3})
    return {
        "books": compare_run(markets, tuple(MECHANISMS), "here"),
        "orders": compare_orders(ORDERS, tuple(MECHANISMS), 900, (-500_000, 4_000_000)),
        "runs": compare(scenario, ("uniform-price", "pay-as-bid")),
    }


@pytest.mark.parametrize("kind", ["books", "orders", "runs"])
def test_a_page_needs_no_other_file(pages, kind):
    html = build_comparison(pages[kind])
    assert html == build_comparison(pages[kind])
    assert not re.findall(r'(?:src|href)="(?!#)', html)
    assert "<script" not in html
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL).lower()
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_books_name_every_mechanism_member_and_model(pages):
    html, found = build_comparison(pages["books"]), pages["books"]
    for name in (*MECHANISMS, *found.members, *(model.name for model in found.models)):
        assert f">{name}" in html
    assert "uniform-price / preference *" in html
    assert all(remark.replace("'", "&#39;") in html for remark in found.remarks)


def test_runs_show_bills_to_the_minor_unit(pages):
    html, found = build_comparison(pages["runs"]), pages["runs"]
    for run in found.runs:
        for minor in run.bill_minor:
            sign = "−" if minor < 0 else ""
            assert f">{sign}{abs(minor) // 100}.{abs(minor) % 100:02}<" in html
