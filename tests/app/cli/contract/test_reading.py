"""``gridpact contract`` reads, lists, prices and values contracts."""

import csv
import json
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from gridpact.contracts.canonical import terms_hash, to_bytes
from gridpact.contracts.files import read_contract
from gridpact.contracts.products import CATALOGUE

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "examples" / "contracts"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
CFD = (
    *("contract-for-difference", "seller=solar-park", "buyer=bakery", "spot=spot"),
    *("generation=metered:generation", "strike=70 EUR/MWh", "currency=EUR"),
)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_shown_priced_and_obliges(called, desk, name, done):
    for command in ("show", "needs", "obligations", "hash"):
        assert done(called("contract", command, f"{name}.yaml"))
    priced = json.loads(
        done(called("contract", "price", f"{name}.yaml", "--on", f"{name}.csv", "--json"))
    )
    assert priced["flows"]
    assert sum(net["net"] for net in priced["nets"]) == 0
    assert done(called("contract", "obligations", f"{name}.yaml", "--on", f"{name}.csv"))


def test_the_tables_of_the_examples_are_what_their_formulas_give():
    command = [sys.executable, ROOT / "scripts" / "contract_examples.py", "--check"]
    told = subprocess.run(command, capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    assert all(f"[{name}.yaml]({name}.yaml)" in listed for name in NAMES)


def test_the_virtual_ppa_in_plain_python(called, desk, done, row):
    """The sums of a month, worked by other code from the same table."""
    difference = generated = worth = 0
    with (desk / "virtual-ppa.csv").open() as stream:
        for line in csv.DictReader(stream):
            wh, spot = int(line["metered:generation [Wh]"]), int(line["spot [micro/kWh]"])
            difference += wh * (spot - 70_000)
            generated += wh
    worth = max(8_000_000 - generated, 0) * 30_000
    text = done(called("contract", "price", "virtual-ppa.yaml", "--on", "virtual-ppa.csv"))
    shown = [row(text, f"solar-park  bakery  {kind}")[3] for kind in ("diff", "under")]
    assert [Fraction(amount) * 10**9 for amount in shown] == [difference, worth]
    net = Fraction(row(text, "bakery   ")[1]) * 10**9
    assert net == difference + worth
    assert "a negative amount flows from payee to payer" in text


def test_payments_by_day_by_slot_and_in_all_add_up(called, desk, done):
    words = ("contract", "price", "roof.yaml", "--on", "roof.csv", "--json")
    found = {
        by: json.loads(done(called(*words, "--by", by, "--zone", "Europe/Berlin")))
        for by in ("total", "day", "slot")
    }
    assert found["day"]["rows"] == [f"2026-06-0{day}" for day in (5, 6, 7, 8)]
    assert found["slot"]["rows"][:2] == ["2026-06-04T22:00:00Z", "2026-06-04T23:00:00Z"]
    for flows in zip(*(each["flows"] for each in found.values()), strict=True):
        assert len({flow["total"] for flow in flows}) == 1
        assert all(sum(flow["amounts"]) == flow["total"] for flow in flows)
    rent = found["day"]["flows"][3]
    assert (rent["kind"], rent["amounts"]) == ("rent", [3_000_000_000] * 4)


def test_tables_for_people_are_aligned_to_the_decimal(called, desk, done):
    text = done(called("contract", "price", "roof.yaml", "--on", "roof.csv", "--by", "day"))
    lines = text.splitlines()
    table = lines[lines.index("") + 1 :]
    table = table[: table.index("")]
    assert len({len(line) for line in table}) == 1
    body = [re.split(r"  +", line) for line in table[3:]]
    for column in list(zip(*body, strict=True))[1:]:
        assert len({len(cell.partition(".")[2]) for cell in column}) == 1
        assert sum(map(Fraction, column[:-1])) == Fraction(column[-1])


def test_payments_as_a_table_of_their_own(called, desk, done, refused, tree):
    out = done(called("contract", "price", "swing.yaml", "--on", "swing.csv", "--out", "f.csv"))
    assert "f.csv" in out
    frame = pl.read_csv(desk / "f.csv")
    assert frame.columns == [
        "slot_start",
        "bakery>solar-park EUR/exercise",
        "bakery>solar-park EUR/premium",
    ]
    assert frame["bakery>solar-park EUR/premium"].to_list() == [2_000_000] * 48
    # six hours are named in a day, three count: each 10 kWh at 95 EUR/MWh
    assert frame["bakery>solar-park EUR/exercise"].sum() == 2 * 3 * 950_000_000
    words = ("contract", "price", "swing.yaml", "--on", "swing.csv", "--out", "swing.csv")
    assert "exists already" in refused(called(*words), desk, tree(desk))[0]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_data_in_both_formats(called, desk, kind):
    frame = pl.read_csv(desk / "virtual-ppa.csv", try_parse_dates=True)
    frame.write_parquet(desk / "virtual-ppa.parquet")
    words = ("contract", "price", "virtual-ppa.yaml", "--json", "--on")
    assert called(*words, f"virtual-ppa.{kind}").out == called(*words, "virtual-ppa.csv").out


def test_cut_periods_count_where_asked_for(called, desk, done, refused, tree):
    words = ("contract", "price", "virtual-ppa.yaml", "--on", "roof.csv")
    (fault,) = refused(called(*words), desk, tree(desk))
    assert "lies within a period of 'month@Europe/Berlin'" in fault
    assert "or add --cut-periods" in fault
    assert "under-delivery" in done(called(*words, "--cut-periods"))


def test_the_list_and_what_each_product_needs(called, desk, done, row):
    text = done(called("contract", "list"))
    listed = json.loads(done(called("contract", "list", "--json")))
    assert [product["name"] for product in listed] == list(CATALOGUE)
    for name, product in CATALOGUE.items():
        assert row(text, f"{name}  ")[1] == product.summary
        shown = done(called("contract", "new", name))
        assert all(re.search(rf"^{each.name} ", shown, re.M) for each in product.parameters)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_command_shown_for_a_product_makes_its_contract(called, desk, name, done):
    """What ``new PRODUCT`` prints last can be pasted into a shell."""
    shown = done(called("contract", "new", name))
    command = shown[shown.index(f"gridpact contract new {name}") :]
    assert max(map(len, command.splitlines())) <= 92
    script = f"gridpact() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    words = told.stdout.split("\0")[:-1]
    out = done(called(*words, "--out", "made.yaml"))
    assert out == "written to made.yaml; read it: gridpact contract show made.yaml\n"
    assert done(called("contract", "needs", "made.yaml"))


def test_a_new_contract_is_the_same_on_paper_and_in_a_file(called, desk, done):
    text = done(called("contract", "new", *CFD, "--title", "Fixed: for both"))
    done(called("contract", "new", *CFD, "--title", "Fixed: for both", "--out", "cfd.yaml"))
    assert (desk / "cfd.yaml").read_text() == text
    told = json.loads(done(called("contract", "new", *CFD, "--json")))
    assert told["hash"] == done(called("contract", "hash", "cfd.yaml")).strip()
    assert "Fixed: for both" in done(called("contract", "needs", "cfd.yaml"))


def test_a_file_is_not_replaced_unasked(called, desk, done, refused, tree):
    words = ("contract", "new", *CFD, "--out", "roof.yaml")
    (fault,) = refused(called(*words), desk, tree(desk))
    assert fault.startswith("roof.yaml: the file exists already")
    done(called(*words, "--force"))
    assert "contract-for-difference" in (desk / "roof.yaml").read_text()


def test_needs_name_the_columns_of_a_table(called, desk, done, row):
    text = done(called("contract", "needs", "demand-response.yaml"))
    assert row(text, "call") == ["call", "Wh", "aggregator", "15 min"]
    header = (desk / "demand-response.csv").read_text().splitlines()[0]
    told = json.loads(done(called("contract", "needs", "demand-response.yaml", "--json")))
    assert told["columns"] == text.splitlines()[-1].split(",")
    assert set(told["columns"]) == set(header.replace("call", "call [Wh]").split(","))
    assert told["choices"] == {"call": {"by": "aggregator", "notice_s": 900, "unit": "Wh"}}
    yes_no = done(called("contract", "needs", "swing.yaml"))
    assert row(yes_no, "exercise") == ["exercise", "yes or no", "bakery", "1 h"]


def test_what_is_open_is_told_with_its_bounds(called, desk, done, row):
    (desk / "bare.csv").write_text("slot_start\n2026-06-15T00:00Z\n2026-06-15T01:00Z\n")
    words = ("contract", "obligations", "swing.yaml", "--on", "bare.csv", "--cut-periods")
    text = done(called(*words))
    assert row(text, "solar-park") == ["solar-park", "bakery", "energy", "0 Wh", "20 kWh"]
    text = done(called(*words, "--by", "slot"))
    assert row(text, "2026-06-15T01:00:00Z")[1] == "0 to 10,000"
    text = done(called("contract", "obligations", "swing.yaml", "--on", "swing.csv"))
    assert row(text, "solar-park") == ["solar-park", "bakery", "energy", "60 kWh"]


@pytest.mark.parametrize("form", ["yaml", "wire", "sheet"])
def test_every_form_of_a_contract_is_read_back_by_its_content(called, desk, form, done):
    for name in NAMES:
        text = done(called("contract", "show", f"{name}.yaml", "--as", form))
        (desk / "other.txt").write_text(text)  # the name says nothing of the form
        same = done(called("contract", "hash", f"{name}.yaml"))
        assert done(called("contract", "hash", "other.txt")) == same
        priced = called("contract", "price", "other.txt", "--on", f"{name}.csv", "--json")
        again = called("contract", "price", f"{name}.yaml", "--on", f"{name}.csv", "--json")
        assert json.loads(priced.out)["flows"] == json.loads(again.out)["flows"]


def test_the_hash_and_the_bytes_are_those_of_the_terms(called, desk, done):
    contract = read_contract(desk / "roof.yaml").contract
    wire = done(called("contract", "show", "roof.yaml", "--as", "wire"))
    assert wire.encode() == to_bytes(contract) + b"\n"
    told = json.loads(done(called("contract", "hash", "roof.yaml", "--json")))
    assert told == {"hash": "0x" + terms_hash(contract).hex(), "bytes": len(to_bytes(contract))}


def test_python_gives_the_same_contract(called, desk, done):
    code = done(called("contract", "show", "roof.yaml", "--as", "python"))
    space = {}
    exec(code, space)  # noqa: S102 - our own text
    made = [each for name, each in space.items() if name == "contract"]
    assert [terms_hash(each) for each in made] == [
        terms_hash(read_contract(desk / "roof.yaml").contract)
    ]


def test_value_over_paths(called, desk, done):
    words = ("contract", "value", "swing.yaml", "--scenarios", "swing-paths.csv", "--party")
    mine, theirs = (
        json.loads(done(called(*words, party, "--price", "energy=spot", "--json")))
        for party in ("bakery", "solar-park")
    )
    assert (mine["paths"], mine["slots"], mine["confidence"]) == (160, 24, 0.95)
    expected = [each["currencies"]["EUR"]["total"]["expectation"] for each in (mine, theirs)]
    assert expected[0] == pytest.approx(-expected[1])
    text = done(called(*words, "bakery", "--price", "energy=spot", "--confidence", "90"))
    assert "160 paths" in text
    assert "90 %" in text
    later = json.loads(
        done(called(*words, "bakery", "--price", "energy=spot", "--discount-rate", "50", "--json"))
    )
    assert abs(later["currencies"]["EUR"]["kinds"]["premium"]["expectation"]) < 0.048e9


def test_a_single_path_is_worth_its_payments(called, desk, done):
    words = ("virtual-ppa.yaml", "virtual-ppa.csv", "--json")
    priced = json.loads(done(called("contract", "price", words[0], "--on", *words[1:])))
    valued = json.loads(
        done(called("contract", "value", words[0], "--party", "bakery", "--scenarios", *words[1:]))
    )
    net = next(each["net"] for each in priced["nets"] if each["party"] == "bakery")
    assert valued["currencies"]["EUR"]["total"]["expectation"] == net
