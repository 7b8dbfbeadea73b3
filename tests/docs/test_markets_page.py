"""The page on markets: its tables are those of the code, its refusals are the ones given."""

import re

import pytest

from gridpact.app.cli.commands import run_command
from gridpact.app.orders.cells import Terms, read
from gridpact.app.orders.fields import FIELDS
from gridpact.market.clearing.mechanisms import MECHANISMS

EVENING = """\
member,side,slot,quantity,limit [ct/kWh]
home-01,buy,2026-06-15T19:00,2.5 kWh,25
home-99,buy,2026-06-15T19:00,2500 Wh,25
home-02,sell,19:00,1 kWh,5
"""


@pytest.fixture(scope="module")
def page(texts):
    return texts["docs/markets.md"]


@pytest.fixture(scope="module")
def shown(page):
    """Blocks of text, in order: a refusal, a file, the faults of another."""
    return re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def waiting(root, tmp_path_factory):
    """A run of the example that the page uses, as it waits."""
    folder = tmp_path_factory.mktemp("markets")
    small = str(root / "examples" / "small.yaml")
    words = ["run", small, "--until", "2026-06-14T12:50", "--out", str(folder / "june"), "-q"]
    assert run_command(words) == 0
    return folder


def test_every_column_is_explained_with_an_example_that_is_read(page):
    rows = re.findall(r"^\| `([a-z_]+)` \| `([^`]+)` \| (.+) \|$", page, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(FIELDS)
    for name, example, _ in rows:
        read(FIELDS[name], example, Terms("Europe/Berlin", "EUR"))
    required = [field.name for field in FIELDS.values() if field.required]
    assert required == [name for name, _, _ in rows[:5]]
    assert "The first five are required" in page


def test_every_mechanism_is_explained_in_two_lines(page):
    found = re.findall(r"^- `([a-z-]+)`: (.+\n  .+)$", page, re.MULTILINE)
    assert [name for name, _ in found] == list(MECHANISMS)


def test_the_file_shown_is_the_example(root, shown):
    assert shown[1] == (root / "examples" / "orders" / "microgrid.csv").read_text("utf-8")


def test_the_refusal_shown_is_the_one_given(shown, waiting, capsys):
    words = ["--member", "home-99", "--buy", "0kWh", "--slot", "2026-06-15T13:00"]
    run = str(waiting / "june")
    assert run_command(["order", "place", run, *words, "--limit", "500 ct/kWh"]) == 1
    assert capsys.readouterr().out == shown[0]


def test_the_faults_shown_are_the_ones_given(shown, waiting, capsys, monkeypatch):
    monkeypatch.chdir(waiting)
    (waiting / "evening.csv").write_text(EVENING, encoding="utf-8")
    assert run_command(["order", "place", "june", "--file", "evening.csv"]) == 2
    assert capsys.readouterr().err.split() == shown[2].split()
