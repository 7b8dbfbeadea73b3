"""The page on grids: its files are the example's, its tables name what can be said."""

import re
from pathlib import Path

import pytest

from gridpact.app.grids import baseline, flexibility, reading
from gridpact.app.grids.quantities import (
    ADMITTANCE,
    IMPEDANCE,
    LENGTH,
    POWER,
    RATING,
    SHARE,
    VOLTAGE,
    read,
)
from gridpact.app.orders.cells import Unclear

ROOT = Path(__file__).parents[4]
MEASURES = (VOLTAGE, POWER, RATING, IMPEDANCE, ADMITTANCE, LENGTH, SHARE)


@pytest.fixture(scope="module")
def page():
    text = (ROOT / "docs" / "grid.md").read_text("utf-8")
    return text[text.index("## From the command line") : text.index("## Exact, and not")]


@pytest.mark.parametrize(("kind", "file"), [("yaml", "village.yaml"), ("csv", "orders.csv")])
def test_the_files_shown_are_the_example(page, kind, file):
    (shown,) = re.findall(rf"^```{kind}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert shown == (ROOT / "examples" / "grid" / file).read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("line", {*reading.LINE, *reading.OF_LINE}),
        ("transformer", {*reading.TRANSFORMER, *reading.OF_TRANSFORMER}),
    ],
)
def test_tables_name_every_key_with_examples_that_are_read(page, name, keys):
    table = re.search(rf"^\| of a {name} .*?\n\n", page, re.DOTALL | re.MULTILINE)[0]
    rows = re.findall(r"^\| (`.*?) \| (`.*?`|) \| .*\|$", table, re.MULTILINE)
    assert {key for told, _ in rows for key in re.findall(r"`(\w+)`", told)} == keys
    for told, examples in rows:
        for example in re.findall(r"`(.*?)`", examples if "`from`" not in told else ""):
            assert any(_reads(example, measure) for measure in MEASURES), example


def _reads(text, measure):
    try:
        read(text, measure)
    except Unclear:
        return False
    return True


@pytest.mark.parametrize("fields", [baseline.FIELDS, flexibility.FIELDS])
def test_every_column_of_the_other_files_is_named(page, fields):
    assert [name for name in fields if not re.search(rf"`{name}( \[[^`]*\])?`", page)] == []
