"""The catalogue says what the products say, and its payoffs are worked from their terms."""

import numpy as np
import pytest

from gridpact.contracts.products import CATALOGUE


@pytest.fixture(scope="module")
def pages(catalogue):
    return catalogue.refreshed()


def test_every_page_is_fresh(blocks, pages):
    assert blocks.stale(pages) == [], "make docs"


def test_every_product_has_a_page_and_a_drawing_and_nothing_else_is_there(root):
    folder = root / "docs" / "catalogue"
    expected = {f"{name}.{kind}" for name in CATALOGUE for kind in ("md", "svg")}
    assert {path.name for path in folder.iterdir()} == expected | {"README.md"}


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_one_receives_another_pays(catalogue, name):
    found = catalogue.payoff(catalogue.Case.read(name))
    received = np.array(list(found.received.values()))
    assert np.ptp(received) > 0, "the driver drives nothing"
    assert np.allclose(received.sum(axis=0), 0, atol=1e-9)


def test_a_call_is_worth_what_textbooks_draw(catalogue):
    """Per kWh: nothing below the strike of 0.10 EUR/kWh, market less strike above; less premium."""
    found = catalogue.payoff(catalogue.Case.read("call"))
    prices = found.shown()
    premium = 4 * 0.002
    expected = 4 * np.maximum(prices - 0.10, 0) - premium
    assert np.allclose(found.received["bakery"], expected)
