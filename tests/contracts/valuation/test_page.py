"""The example of the page on valuation runs, and prints what the page shows."""

import re

import pytest

NUMBER = re.compile(r"-?\d+\.\d+")


@pytest.fixture(scope="module")
def page(read_page):
    return read_page("valuation.md")


@pytest.fixture(scope="module")
def shown(page):
    return next(text for text in page.of("text") if text.startswith("Value to "))


def test_the_example_prints_what_the_page_shows(page, shown):
    printed = page.run(page.of("python")[0])
    assert NUMBER.sub("#", printed).split() == NUMBER.sub("#", shown).split()
    # a sum of floats may end otherwise on another machine
    found, told = ([float(n) for n in NUMBER.findall(one)] for one in (printed, shown))
    assert found == pytest.approx(told, rel=0.01, abs=0.01)


def test_what_the_page_says_of_the_example_holds(shown):
    expected, error = map(float, re.search(r"expected (\S+) ± (\S+)", shown).groups())
    most = float(re.search(r"and (\S+) at most", shown)[1])
    exact = float(re.search(r"on a lattice: (\S+)", shown)[1])
    assert abs(expected - exact) < 2 * error + 0.005
    assert exact < most
