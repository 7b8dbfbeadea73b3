"""The example of the page on valuation runs, and prints what the page shows."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "valuation.md"
NUMBER = re.compile(r"-?\d+\.\d+")


def test_the_example_prints_what_the_page_shows(capsys):
    text = PAGE.read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    shown = re.search(r"```text\n(Value to .*?)```", text, re.DOTALL)[1]
    exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 - our own page
    printed = capsys.readouterr().out
    assert NUMBER.sub("#", printed).split() == NUMBER.sub("#", shown).split()
    # a sum of floats may end otherwise on another machine
    found, told = ([float(n) for n in NUMBER.findall(one)] for one in (printed, shown))
    assert found == pytest.approx(told, rel=0.01, abs=0.01)


def test_what_the_page_says_of_the_example_holds(capsys):
    text = PAGE.read_text("utf-8")
    shown = re.search(r"```text\n(Value to .*?)```", text, re.DOTALL)[1]
    expected, error = map(float, re.search(r"expected (\S+) ± (\S+)", shown).groups())
    most = float(re.search(r"and (\S+) at most", shown)[1])
    exact = float(re.search(r"on a lattice: (\S+)", shown)[1])
    assert abs(expected - exact) < 2 * error + 0.005
    assert exact < most
