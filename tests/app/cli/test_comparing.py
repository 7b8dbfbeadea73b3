"""``gridpact market compare``: golden JSON of a recorded run, tables, pages and refusals."""

import json
import lzma
from pathlib import Path

import msgspec
import pytest

from gridpact.app.folder import Manifest
from gridpact.market.clearing.mechanisms import MECHANISMS

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT / "tests" / "cases" / "comparison"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRIDPACT_DATA", raising=False)
    return tmp_path


@pytest.fixture
def recorded(here):
    """The committed journal in a folder of its own, as a run leaves it."""
    folder = here / "run"
    folder.mkdir()
    packed = ROOT / "tests" / "replay" / "journals" / "0.1.0" / "journal.db.xz"
    (folder / "journal.db").write_bytes(lzma.decompress(packed.read_bytes()))
    manifest = Manifest("0.1.0", "recorded.yaml", "", 3, "2026-06-15", 2, {})
    (folder / "run.json").write_bytes(msgspec.json.encode(manifest))
    return folder


def test_the_golden_comparison(called, recorded):
    done = called("market", "compare", recorded, "--json")
    assert done.code == 0
    assert json.loads(done.out) == json.loads((CASES / "expected.json").read_text("utf-8"))


def test_a_run_as_a_table_and_a_page(called, recorded, here):
    done = called(
        "market", "compare", recorded, "--mechanisms", "pay-as-bid, k-pricing", "--report", "c.html"
    )
    assert done.code == 0
    names = [line.split()[0] for line in done.out.splitlines() if line]
    for name in ("uniform-price", "pay-as-bid", "k-pricing", "central", "coalition", "Bills"):
        assert name in names
    assert "merit-order" not in names
    assert (here / "c.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_orders_of_a_file(called, here):
    (here / "orders.csv").write_bytes((CASES / "orders.csv").read_bytes())
    done = called("market", "compare", "orders.csv", "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert found["kind"] == "orders"
    assert [each["name"] for each in found["mechanisms"]] == list(MECHANISMS)
    assert {each["welfare_nano"] for each in found["mechanisms"]} == {3_250_000_000}


def test_whole_runs_of_a_scenario(called, here):
    (here / "s.yaml").write_text("gridpact: 1\ngenerate: {homes: 2}\n", encoding="utf-8")
    done = called("market", "compare", "s.yaml", "--mechanisms", "pay-as-bid", "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert [run["name"] for run in found["runs"]] == ["uniform-price", "pay-as-bid"]
    assert all(sum(run["parties"].values()) == 0 for run in found["runs"])
    assert sorted(path.name for path in here.iterdir()) == ["s.yaml"]


def test_a_page_is_replaced_only_when_told_to(called, here):
    (here / "orders.csv").write_bytes((CASES / "orders.csv").read_bytes())
    (here / "c.html").write_text("mine", encoding="utf-8")
    words = ("market", "compare", "orders.csv", "--mechanisms", "pay-as-bid", "--report", "c.html")
    done = called(*words)
    assert done.code == 2
    assert "c.html: the file exists already" in done.err
    assert (here / "c.html").read_text("utf-8") == "mine"
    assert called(*words, "--force").code == 0
    assert (here / "c.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_small_book_is_shown_to_the_wh_in_its_currency(called, here):
    """19 Wh between 0.10 and 0.30 USD/kWh are worth 0.0038 USD to both sides together."""
    lines = (
        "key,member,side,slot,quantity,limit",
        "a,p1,sell,2026-06-15T12:00Z,19 Wh,0.10 USD/kWh",
        "b,c1,buy,2026-06-15T12:00Z,19 Wh,0.30 USD/kWh",
    )
    (here / "small.csv").write_text("\n".join((*lines, "")), encoding="utf-8")
    words = ("market", "compare", "small.csv", "--mechanisms", "uniform-price")
    done = called(*words, "--report", "c.html")
    assert "kWh and USD" in done.out
    row = next(line.split() for line in done.out.splitlines() if line.startswith("uniform-price"))
    assert row[1:4] == ["0.019", "100.0", "0.00380"]
    page = (here / "c.html").read_text("utf-8")
    assert "<b>0.00380</b> <span>USD</span>" in page
    assert "¤" not in page
    assert json.loads(called(*words, "--json").out)["currency"] == "USD"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--mechanisms", "uniform-price,auction"), "there is no mechanism 'auction'"),
        (("run", "--mechanisms", ""), "there is no mechanism ''"),
        (("run", "--days", "2"), "--days is for a SCENARIO"),
        (("run", "--slot-minutes", "5"), "--slot-minutes is for a file of ORDERS"),
        (("nowhere.yaml",), "nowhere.yaml: there is no such file or folder"),
        (("nowhere.csv",), "nowhere.csv: there is no such file or folder"),
        ((".",), "name a folder that 'gridpact run' wrote"),
    ],
)
def test_what_cannot_be_compared_is_refused(called, recorded, arguments, words):
    done = called("market", "compare", *arguments)
    assert done.code == 2
    assert words in done.err
