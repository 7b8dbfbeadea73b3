"""``gridpact contract`` as people and scripts use it: read, price, value, sign, and be refused."""

import csv
import json
import re
import shutil
import stat
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from gridpact.contracts.canonical import terms_hash, to_bytes
from gridpact.contracts.files import read_contract
from gridpact.contracts.products import CATALOGUE

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "contracts"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
CFD = (
    *("contract-for-difference", "seller=solar-park", "buyer=bakery", "spot=spot"),
    *("generation=metered:generation", "strike=70 EUR/MWh", "currency=EUR"),
)
JULY = ("--start", "2026-07-01T00:00+02:00", "--end", "2026-08-01T00:00+02:00")
PROPOSE = ("roof.yaml", "--key", "bakery.key", "--as", "bakery")
OTHER = "solar-park=solar-park.address"
VALUE = ("value", "swing.yaml", "--scenarios", "swing-paths.csv")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An own copy of the example contracts as the working directory."""
    for path in EXAMPLES.iterdir():
        shutil.copy(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)
    for name in ("GRIDPACT_DEBUG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def done(call):
    """A command that succeeded: what it printed."""
    assert (call.code, call.err) == (0, "")
    assert "\x1b" not in call.out
    assert all(line == line.rstrip() for line in call.out.splitlines())
    return call.out


def refused(call, desk, before):
    """A command that was refused: its faults; nothing was written."""
    assert (call.code, call.out) == (2, "")
    head, *faults = call.err.splitlines()
    assert head == f"error: {len(faults)} fault{'s' * (len(faults) != 1)}; nothing was changed"
    assert all(re.fullmatch(r"  \S.*: .+ Fix: .+\.", fault) for fault in faults)
    assert tree(desk) == before
    return [fault.strip() for fault in faults]


def tree(place):
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def row(text, start):
    """Cells of the one line that begins with some words."""
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return re.split(r"  +", line)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_shown_priced_and_obliges(called, desk, name):
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


def test_the_virtual_ppa_in_plain_python(called, desk):
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


def test_payments_by_day_by_slot_and_in_all_add_up(called, desk):
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


def test_tables_for_people_are_aligned_to_the_decimal(called, desk):
    text = done(called("contract", "price", "roof.yaml", "--on", "roof.csv", "--by", "day"))
    lines = text.splitlines()
    table = lines[lines.index("") + 1 :]
    table = table[: table.index("")]
    assert len({len(line) for line in table}) == 1
    body = [re.split(r"  +", line) for line in table[3:]]
    for column in list(zip(*body, strict=True))[1:]:
        assert len({len(cell.partition(".")[2]) for cell in column}) == 1
        assert sum(map(Fraction, column[:-1])) == Fraction(column[-1])


def test_payments_as_a_table_of_their_own(called, desk):
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


def test_cut_periods_count_where_asked_for(called, desk):
    words = ("contract", "price", "virtual-ppa.yaml", "--on", "roof.csv")
    (fault,) = refused(called(*words), desk, tree(desk))
    assert "lies within a period of 'month@Europe/Berlin'" in fault
    assert "or add --cut-periods" in fault
    assert "under-delivery" in done(called(*words, "--cut-periods"))


def test_the_list_and_what_each_product_needs(called, desk):
    text = done(called("contract", "list"))
    listed = json.loads(done(called("contract", "list", "--json")))
    assert [product["name"] for product in listed] == list(CATALOGUE)
    for name, product in CATALOGUE.items():
        assert row(text, f"{name}  ")[1] == product.summary
        shown = done(called("contract", "new", name))
        assert all(re.search(rf"^{each.name} ", shown, re.M) for each in product.parameters)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_command_shown_for_a_product_makes_its_contract(called, desk, name):
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


def test_a_new_contract_is_the_same_on_paper_and_in_a_file(called, desk):
    text = done(called("contract", "new", *CFD, "--title", "Fixed: for both"))
    done(called("contract", "new", *CFD, "--title", "Fixed: for both", "--out", "cfd.yaml"))
    assert (desk / "cfd.yaml").read_text() == text
    told = json.loads(done(called("contract", "new", *CFD, "--json")))
    assert told["hash"] == done(called("contract", "hash", "cfd.yaml")).strip()
    assert "Fixed: for both" in done(called("contract", "needs", "cfd.yaml"))


def test_a_file_is_not_replaced_unasked(called, desk):
    words = ("contract", "new", *CFD, "--out", "roof.yaml")
    (fault,) = refused(called(*words), desk, tree(desk))
    assert fault.startswith("roof.yaml: the file exists already")
    done(called(*words, "--force"))
    assert "contract-for-difference" in (desk / "roof.yaml").read_text()


def test_needs_name_the_columns_of_a_table(called, desk):
    text = done(called("contract", "needs", "demand-response.yaml"))
    assert row(text, "call") == ["call", "Wh", "aggregator", "15 min"]
    header = (desk / "demand-response.csv").read_text().splitlines()[0]
    told = json.loads(done(called("contract", "needs", "demand-response.yaml", "--json")))
    assert told["columns"] == text.splitlines()[-1].split(",")
    assert set(told["columns"]) == set(header.replace("call", "call [Wh]").split(","))
    assert told["choices"] == {"call": {"by": "aggregator", "notice_s": 900, "unit": "Wh"}}
    yes_no = done(called("contract", "needs", "swing.yaml"))
    assert row(yes_no, "exercise") == ["exercise", "yes or no", "bakery", "1 h"]


def test_what_is_open_is_told_with_its_bounds(called, desk):
    (desk / "bare.csv").write_text("slot_start\n2026-06-15T00:00Z\n2026-06-15T01:00Z\n")
    words = ("contract", "obligations", "swing.yaml", "--on", "bare.csv", "--cut-periods")
    text = done(called(*words))
    assert row(text, "solar-park") == ["solar-park", "bakery", "energy", "0 Wh", "20 kWh"]
    text = done(called(*words, "--by", "slot"))
    assert row(text, "2026-06-15T01:00:00Z")[1] == "0 to 10,000"
    text = done(called("contract", "obligations", "swing.yaml", "--on", "swing.csv"))
    assert row(text, "solar-park") == ["solar-park", "bakery", "energy", "60 kWh"]


@pytest.mark.parametrize("form", ["yaml", "wire", "sheet"])
def test_every_form_of_a_contract_is_read_back_by_its_content(called, desk, form):
    for name in NAMES:
        text = done(called("contract", "show", f"{name}.yaml", "--as", form))
        (desk / "other.txt").write_text(text)  # the name says nothing of the form
        same = done(called("contract", "hash", f"{name}.yaml"))
        assert done(called("contract", "hash", "other.txt")) == same
        priced = called("contract", "price", "other.txt", "--on", f"{name}.csv", "--json")
        again = called("contract", "price", f"{name}.yaml", "--on", f"{name}.csv", "--json")
        assert json.loads(priced.out)["flows"] == json.loads(again.out)["flows"]


def test_the_hash_and_the_bytes_are_those_of_the_terms(called, desk):
    contract = read_contract(desk / "roof.yaml").contract
    wire = done(called("contract", "show", "roof.yaml", "--as", "wire"))
    assert wire.encode() == to_bytes(contract) + b"\n"
    told = json.loads(done(called("contract", "hash", "roof.yaml", "--json")))
    assert told == {"hash": "0x" + terms_hash(contract).hex(), "bytes": len(to_bytes(contract))}


def test_python_gives_the_same_contract(called, desk):
    code = done(called("contract", "show", "roof.yaml", "--as", "python"))
    space = {}
    exec(code, space)  # noqa: S102 - our own text
    made = [each for name, each in space.items() if name == "contract"]
    assert [terms_hash(each) for each in made] == [
        terms_hash(read_contract(desk / "roof.yaml").contract)
    ]


def test_value_over_paths(called, desk):
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


def test_a_single_path_is_worth_its_payments(called, desk):
    words = ("virtual-ppa.yaml", "virtual-ppa.csv", "--json")
    priced = json.loads(done(called("contract", "price", words[0], "--on", *words[1:])))
    valued = json.loads(
        done(called("contract", "value", words[0], "--party", "bakery", "--scenarios", *words[1:]))
    )
    net = next(each["net"] for each in priced["nets"] if each["party"] == "bakery")
    assert valued["currencies"]["EUR"]["total"]["expectation"] == net


def keys(called):
    """Make a key for each party; return the addresses."""
    return {
        party: done(called("contract", "key", "new", f"{party}.key")).strip()
        for party in ("solar-park", "bakery")
    }


def test_two_parties_sign(called, desk):
    addresses = keys(called)
    for party, address in addresses.items():
        assert re.fullmatch(r"0x[0-9a-fA-F]{40}", address)
        assert (desk / f"{party}.address").read_text() == address + "\n"
        assert stat.S_IMODE((desk / f"{party}.key").stat().st_mode) == 0o600
        assert done(called("contract", "key", "show", f"{party}.key")).strip() == address
    propose = ("contract", "sign", "roof.yaml", "--key", "solar-park.key", "--as", "solar-park")
    text = done(called(*propose, "--party", "bakery=bakery.address", *JULY, "--step", "1 h"))
    assert "written to roof.json" in text
    assert row(text, "bakery")[2] == "has not signed yet"
    assert "744 slots of 1 h, 2026-06-30T22:00:00Z to 2026-07-31T22:00:00Z" in text
    half = called("contract", "verify", "roof.json")
    assert (half.code, half.err) == (1, "")
    assert [line for line in half.out.splitlines() if line.startswith("✗")] == [
        "✗ signature of bakery      has not signed"
    ]
    quiet = called("contract", "verify", "roof.json", "-q")
    assert (quiet.code, quiet.out.count("\n")) == (1, 1)
    text = done(called("contract", "sign", "roof.json", "--key", "bakery.key"))
    assert row(text, "bakery") == ["bakery", addresses["bakery"], "signed"]
    assert "✗" not in done(called("contract", "verify", "roof.json"))
    checks = json.loads(done(called("contract", "verify", "roof.json", "--json")))
    assert all(check["holds"] for check in checks)
    for words in (("hash",), ("show", "--as", "wire"), ("needs", "--json")):
        command, *more = words
        one, two = (called("contract", command, f, *more) for f in ("roof.json", "roof.yaml"))
        assert done(one) == done(two)


def signed(called, desk):
    keys(called)
    propose = ("contract", "sign", "swing.yaml", "--key", "bakery.key", "--as", "bakery")
    done(called(*propose, "--party", "solar-park=solar-park.address", *JULY, "-q"))
    done(called("contract", "sign", "swing.json", "--key", "solar-park.key", "-q"))
    return desk / "swing.json"


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ('\\"value\\":\\"95000\\"', '\\"value\\":\\"9500\\"', "terms hash"),
        ('\\"value\\":\\"95000\\"', '\\"value\\":\\"095000\\"', "terms"),
        ('"end": "1785535200"', '"end": "1785534300"', "signature of bakery"),
        ('"party": "solar-park"', '"party": "bakery"', "signature of solar-park"),
    ],
)
def test_a_changed_document_does_not_verify(called, desk, old, new, check):
    path = signed(called, desk)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    told = called("contract", "verify", "swing.json")
    assert (told.code, told.err) == (1, "")
    failing = [line[2:] for line in told.out.splitlines() if line.startswith("✗")]
    assert any(line.startswith(check + "  ") for line in failing), told.out


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (("roof.yaml", "--key", "bakery.key"), ["--as: is missing", "--end: is", "--start: is"]),
        (
            (*PROPOSE, *JULY),
            ["terms: 'solar-park' is named and no party", "parties: 1 named"],
        ),
        (
            (*PROPOSE, "--party", "x", *JULY),
            ["--party: 'x' is not PARTY=ADDRESS"],
        ),
        (
            (*PROPOSE, *JULY, "--party", "solar-park=0x12"),
            ["not 0x and 40 hex digits"],
        ),
        (
            (*PROPOSE, *JULY[:2], "--end", "2026-06-01T00:07Z", "--party", OTHER),
            ["--end: 2026-06-01T00:07:00Z does not begin a slot", "--end: is not after the start"],
        ),
        (
            ("swing.json", "--key", "bakery.key", "--as", "solar-park", "--step", "1 h"),
            ["--as: the key is of 0x", "--step: is fixed in a document"],
        ),
    ],
)
def test_signing_that_is_refused(called, desk, arguments, problems):
    signed(called, desk)
    faults = refused(called("contract", "sign", *arguments), desk, tree(desk))
    told = "\n".join(faults)
    assert all(problem in told for problem in problems), told


def test_a_stranger_cannot_sign_and_a_key_is_not_replaced(called, desk):
    signed(called, desk)
    done(called("contract", "key", "new", "stranger.key"))
    before = tree(desk)
    (fault,) = refused(
        called("contract", "sign", "swing.json", "--key", "stranger.key"), desk, before
    )
    assert "is not the wallet of a party" in fault
    refused(called("contract", "key", "new", "bakery.key"), desk, before)
    (desk / "bakery.address").unlink()
    again = called("contract", "key", "new", "bakery.key")
    assert (again.code, again.out) == (3, "")
    assert (desk / "bakery.key").read_bytes() == before[desk / "bakery.key"]


def test_missing_values_are_named_with_their_slots(called, desk):
    text = (desk / "roof.csv").read_text()
    rows = text.splitlines()
    for place in (28, 29, 40):
        cells = rows[place].split(",")
        rows[place] = ",".join([cells[0], cells[1], "", *cells[3:]])
    (desk / "gap.csv").write_text("\n".join([*rows, ""]))
    for command in ("price", "obligations"):
        (fault,) = refused(
            called("contract", command, "roof.yaml", "--on", "gap.csv"), desk, tree(desk)
        )
        assert fault.startswith(
            "gap.csv: metered:load: has no value in 3 slots: "
            "2026-06-06T01:00:00Z, 2026-06-06T02:00:00Z, 2026-06-06T13:00:00Z. Fix: "
        )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text.replace("spot", "spott", 1), "spot: the table has no column"),
        (lambda text: text.replace(",500,", ",nan,", 1), "metered:load: 'nan' is not a finite"),
        (lambda text: text.replace(",500,", ",0.5,", 1), "metered:load: '0.5' is not a whole"),
        (lambda text: text.replace("[Wh]", "[kWh]", 1), "the contract needs Wh"),
        (
            lambda text: text.replace(",100000,", f",{2**62},"),
            "does not fit 64 bits",
        ),
    ],
)
def test_bad_data_are_refused(called, desk, change, problem):
    (desk / "bad.csv").write_text(change((desk / "roof.csv").read_text()))
    words = ("contract", "price", "roof.yaml", "--on", "bad.csv", "--out", "flows.csv")
    faults = refused(called(*words), desk, tree(desk))
    assert any(problem in fault and fault.startswith("bad.csv") for fault in faults), faults


def test_choices_out_of_bounds_are_named(called, desk):
    text = (desk / "swing.csv").read_text()
    (desk / "bad.csv").write_text(text.replace("Z,1\n", "Z,2\n"))
    (fault,) = refused(
        called("contract", "price", "swing.yaml", "--on", "bad.csv"), desk, tree(desk)
    )
    assert fault.startswith("bad.csv: choice:exercise: is outside its bounds in 12 slots: 2026-")
    assert " and 7 more. Fix: " in fault


def test_paths_are_for_value_alone(called, desk):
    words = ("contract", "price", "virtual-ppa.yaml", "--on", "paths.csv")
    text = (desk / "swing-paths.csv").read_text().replace("\n", ",1\n")
    text = text.replace("[micro/kWh],1", "[micro/kWh],metered:generation [Wh]")
    (desk / "paths.csv").write_text(text)
    (fault,) = refused(called(*words), desk, tree(desk))
    assert fault.startswith("paths.csv:1: path: the table holds scenario paths")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("show", "none.yaml"), "none.yaml: the file cannot be read: No such file"),
        (("show", "roof.csv"), "roof.csv: this is a table of data, not a contract"),
        (("price", "roof.csv", "--on", "roof.csv"), "roof.csv: this is a table of data"),
        (("price", "roof.yaml", "--on", "none.csv"), "none.csv: the file cannot be read"),
        (("price", "roof.yaml", "--on", "roof.yaml"), "roof.yaml:1: "),
        (("verify", "roof.yaml"), "roof.yaml: this is no document that parties sign"),
        (("new", "forwrd"), "there is no product 'forwrd'. Fix: write forward"),
        (("new", "call", "holder"), "holder: is not KEY=VALUE"),
        (("new", "call", "holder=a", "holder=b"), "holder: is given twice"),
        (("new", "call", "holder=bakery"), "writer is missing"),
        (
            (*VALUE, "--party", "me"),
            "--party: 'me' is no party: the terms name bakery, solar-park",
        ),
        (
            (*VALUE, "--party", "bakery", "--price", "gold=spot"),
            "--price gold: is not ASSET=PRICE",
        ),
    ],
)
def test_what_is_refused(called, desk, arguments, problem):
    faults = refused(called("contract", *arguments), desk, tree(desk))
    assert any(problem in fault for fault in faults), faults


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\1\2",
        b"\xff\xfe",
        b"{" * 100_000,
        b'{"schema":"gridpact-terms/1","terms":{}}',
        b'{"schema":"gridpact-terms/9","terms":{"node":"all","parts":[]}}',
        b'{"document": "gridpact-agreement/1"}',
        b"gridpact: contract/1\nparties: [a, b\n",
        b"What is promised in each slot\n\xff\n",
        b"What is promised in each slot\nnothing at all\n",
        b"x" * 5_000_000,
        b"[" * 5_000_000,
    ],
)
def test_files_that_are_no_contracts(called, desk, content):
    (desk / "odd").write_bytes(content)
    faults = refused(called("contract", "show", "odd"), desk, tree(desk))
    assert all(fault.startswith("odd") for fault in faults)
    assert sum(map(len, faults)) < 20_000


@pytest.mark.parametrize(
    "arguments",
    [
        ("price", "roof.yaml"),
        ("price", "roof.yaml", "--on", "roof.csv", "--zone", "Mars"),
        ("value", "roof.yaml", "--scenarios", "roof.csv"),
        ("value", "roof.yaml", "--scenarios", "roof.csv", "--party", "x", "--confidence", "100"),
        ("sign", "roof.yaml"),
        ("sign", "roof.yaml", "--key", "k", "--start", "2026-07-01T00:00"),
        ("sign", "roof.yaml", "--key", "k", "--start", "tomorrow"),
        ("sign", "roof.yaml", "--key", "k", "--step", "15 minutes"),
        ("sign", "roof.yaml", "--key", "k", "--step", "0.1 s"),
        ("show", "roof.yaml", "--as", "poem"),
        ("key",),
    ],
)
def test_wrong_usage(called, desk, arguments):
    before = tree(desk)
    told = called("contract", *arguments)
    assert (told.code, told.out) == (2, "")
    assert "Error: " in told.err or "Usage: " in told.err
    assert tree(desk) == before


def test_quiet_says_nothing(called, desk):
    for words in (
        ("list",),
        ("new", *CFD),
        ("new", "call"),
        ("show", "roof.yaml"),
        ("needs", "roof.yaml"),
        ("hash", "roof.yaml"),
        ("obligations", "roof.yaml"),
        ("price", "roof.yaml", "--on", "roof.csv"),
    ):
        assert done(called("contract", *words, "--quiet")) == ""


def test_a_folder_that_cannot_be_written(called, desk):
    told = called("contract", "new", *CFD, "--out", "nowhere/cfd.yaml")
    assert (told.code, told.out) == (3, "")
    assert "nowhere/cfd.yaml" in told.err
