"""``gridpact contract`` refuses bad data and files, whole and with every fault."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gridpact.app.cli.output import exit_code
from gridpact.base.files import in_the_way
from gridpact.contracts.errors import UnitMismatch

CFD = (
    *("contract-for-difference", "seller=solar-park", "buyer=bakery", "spot=spot"),
    *("generation=metered:generation", "strike=70 EUR/MWh", "currency=EUR"),
)
VALUE = ("value", "swing.yaml", "--scenarios", "swing-paths.csv")


def test_missing_values_are_named_with_their_slots(called, desk, refused, tree):
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
def test_bad_data_are_refused(called, desk, change, problem, refused, tree):
    (desk / "bad.csv").write_text(change((desk / "roof.csv").read_text()))
    words = ("contract", "price", "roof.yaml", "--on", "bad.csv", "--out", "flows.csv")
    faults = refused(called(*words), desk, tree(desk))
    assert any(problem in fault and fault.startswith("bad.csv") for fault in faults), faults


def test_choices_out_of_bounds_are_named(called, desk, refused, tree):
    text = (desk / "swing.csv").read_text()
    (desk / "bad.csv").write_text(text.replace("Z,1\n", "Z,2\n"))
    (fault,) = refused(
        called("contract", "price", "swing.yaml", "--on", "bad.csv"), desk, tree(desk)
    )
    assert fault.startswith("bad.csv: choice:exercise: is outside its bounds in 12 slots: 2026-")
    assert " and 7 more. Fix: " in fault


def test_paths_are_for_value_alone(called, desk, refused, tree):
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
            "--price gold: no such asset moves by the terms: the terms move energy",
        ),
    ],
)
def test_what_is_refused(called, desk, arguments, problem, refused, tree):
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
def test_files_that_are_no_contracts(called, desk, content, refused, tree):
    (desk / "odd").write_bytes(content)
    faults = refused(called("contract", "show", "odd"), desk, tree(desk))
    assert all(fault.startswith("odd") for fault in faults)
    assert sum(map(len, faults)) < 20_000


@pytest.mark.parametrize(
    "arguments",
    [
        ("price", "roof.yaml"),
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
def test_wrong_usage(called, desk, arguments, tree):
    before = tree(desk)
    told = called("contract", *arguments)
    assert (told.code, told.out) == (2, "")
    assert "Error: " in told.err or "Usage: " in told.err
    assert tree(desk) == before


def test_quiet_says_nothing(called, desk, done):
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


SERIES = '{"name":"%s","node":"series","unit":"%s"}'
ONE = '{"asset":"%s","giver":"a","node":"one","taker":"b"}'


def _scaled(asset, unit, name="x"):
    return f'{{"by":{SERIES % (name, unit)},"node":"scale","of":{ONE % asset}}}'


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (
            _scaled("money:EUR/fee", "Wh"),
            "money:EUR/fee from a to b counts in nano, its amount is in Wh",
        ),
        (
            f'{{"node":"all","parts":[{_scaled("energy", "Wh")},{_scaled("capacity", "W")}]}}',
            "series 'x' is used in two units",
        ),
    ],
)
def test_canonical_terms_that_make_no_sense(called, desk, terms, problem, refused, tree):
    (desk / "odd.json").write_text(f'{{"schema":"gridpact-terms/1","terms":{terms}}}')
    for words in (("show",), ("hash",), ("needs",), ("obligations",), ("price", "--on", "x.csv")):
        (fault,) = refused(called("contract", words[0], "odd.json", *words[1:]), desk, tree(desk))
        assert fault.startswith(f"odd.json: terms: {problem}. Fix: ")


def test_terms_that_cannot_be_are_bad_input():
    assert exit_code(UnitMismatch("EUR beside Wh")) == 2


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ("one\ntwo", r"a title cannot hold the character '\n'"),
        ("\x1b[2Jgone", r"a title cannot hold the character '\x1b'"),
        ("\u202egnippilf", r"a title cannot hold the character '\u202e'"),
        ("x" * 201, "a title of 201 characters; 200 are read at most"),
    ],
)
def test_titles_that_are_no_line(called, desk, title, problem, refused, tree):
    (fault,) = refused(called("contract", "new", *CFD, "--title", title), desk, tree(desk))
    assert fault.startswith(f"arguments: title: {problem}. Fix: ")
    text = (desk / "roof.yaml").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("title:")]
    (desk / "odd.yaml").write_text(text.replace(line, f"title: {json.dumps(title)}"))
    sheet = called("contract", "show", "roof.yaml").out
    (desk / "odd.txt").write_text(sheet.replace("Roof of the bakery", title))
    for file in ("odd.yaml", "odd.txt"):
        if "\n" in title and file == "odd.txt":
            continue  # a sheet may break the line of its title
        (fault,) = refused(called("contract", "show", file), desk, tree(desk))
        assert f"title: {problem}. Fix: " in fault


def test_titles_and_arguments_are_refused_together(called, desk, refused, tree):
    words = ("contract", "new", "call", "holder=bakery", "--title", "\a")
    faults = refused(called(*words), desk, tree(desk))
    assert len(faults) > 1
    assert any("title: " in fault for fault in faults)


def test_a_title_in_any_script_is_kept(called, desk, done):
    title = "Größe – 太陽 & solar/θ " + "x" * 170
    done(called("contract", "new", *CFD, "--title", title, "--out", "made.yaml"))
    assert done(called("contract", "needs", "made.yaml")).startswith(title)


def test_what_is_quoted_from_a_file_cannot_command_the_terminal(called, desk):
    (desk / "odd.yaml").write_text('gridpact: contract/1\n"\\e[2J": 1\n')
    told = called("contract", "show", "odd.yaml")
    assert told.code == 2
    assert "\x1b" not in told.err
    assert r"\x1b[2J: there is no such key" in told.err


ODD = {
    "a link": lambda path: path.symlink_to("roof.yaml"),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
}


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
@pytest.mark.parametrize("kind", ["a link", "a pipe"])
def test_only_files_are_replaced(called, desk, kind, refused, tree):
    ODD[kind](desk / "odd")
    roof = (desk / "roof.yaml").read_bytes()
    for words in (("new", *CFD), ("price", "roof.yaml", "--on", "roof.csv")):
        for more in ((), ("--force",)):
            called_ = called("contract", *words, "--out", "odd", *more)
            assert (called_.code, called_.out) == (2, "")
            assert f"odd: it is {kind}, which is not replaced" in called_.err
    assert (desk / "roof.yaml").read_bytes() == roof
    assert in_the_way(desk / "odd") == kind


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without /dev/full")
def test_a_device_is_not_replaced(called, desk):
    told = called("contract", "new", *CFD, "--out", "/dev/full", "--force")
    assert (told.code, told.out) == (2, "")
    assert "/dev/full: it is a device, which is not replaced" in told.err


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_pipe_is_refused_and_not_waited_for(called, desk):
    os.mkfifo(desk / "odd")
    (desk / "all.yaml").write_text("gridpact: contract/1\nparties: [a, b]\nterms: [include: odd]\n")
    for words in (
        ("show", "odd"),
        ("verify", "odd"),
        ("show", "all.yaml"),
        ("price", "roof.yaml", "--on", "odd"),
        ("price", "odd", "--on", "roof.csv"),
        ("show", os.devnull),
    ):
        told = called("contract", *words)
        assert (told.code, told.out) == (2, "")
        assert re.search(r"it is a (pipe|device), not a file|there is no file 'odd'", told.err)


def test_everything_that_lacks_is_told_at_once(called, desk, refused, tree):
    rows = (desk / "virtual-ppa.csv").read_text().splitlines()
    for place, column in ((5, 1), (9, 2)):
        cells = rows[place].split(",")
        cells[column] = ""
        rows[place] = ",".join(cells)
    (desk / "gap.csv").write_text("\n".join([*rows, ""]))
    faults = refused(
        called("contract", "price", "virtual-ppa.yaml", "--on", "gap.csv"), desk, tree(desk)
    )
    value = ("value", "virtual-ppa.yaml", "--scenarios", "gap.csv", "--party", "bakery")
    assert refused(called("contract", *value), desk, tree(desk)) == faults
    named = [re.search(r"gap.csv: (\S+): has no value in (\d+) slot", each)[1] for each in faults]
    assert named == ["metered:generation", "spot"]


def test_an_overflow_names_the_clause(called, desk, refused, tree):
    text = (desk / "roof.csv").read_text()
    (desk / "huge.csv").write_text(text.replace(",100000,", f",{2**62},"))
    faults = refused(called("contract", "price", "roof.yaml", "--on", "huge.csv"), desk, tree(desk))
    assert any(re.search(r"huge.csv: \S+ pays \S+ EUR, \w+: a \w+ does not", f) for f in faults)


def test_a_bad_zone_hides_no_other_fault(called, desk, refused, tree):
    words = ("contract", "price", "roof.yaml", "--zone", "Mars", "--on")
    faults = refused(called(*words, "none.csv"), desk, tree(desk))
    assert len(faults) == 2
    assert faults[0].startswith("arguments: --zone: 'Mars' is not a time zone")
    refused(called(*words, "roof.csv"), desk, tree(desk))


def test_every_wrong_argument_of_a_product_is_told(called, desk, refused, tree):
    words = ("limit=-1", "period=fortnight", "notice=-1 h")
    faults = "\n".join(refused(called("contract", "new", "swing", *words), desk, tree(desk)))
    for problem in ("limit: -1 is neg", "period: period 'fortnight'", "notice: a notice is not"):
        assert f"arguments: {problem}" in faults


@pytest.mark.parametrize(("unit", "meant"), [("kWh", "Wh"), ("kW", "W"), ("g", "mg")])
def test_a_series_counts_in_what_amounts_count_in(called, desk, unit, meant, refused, tree):
    head = "gridpact: contract/1\ncurrency: EUR\nparties: [a, b]\n"
    pay = "amount: 1 EUR * (x >= 1), payer: a, payee: b, kind: k"
    text = f"{head}series: {{x: {unit}}}\nterms:\n  - pay: {{{pay}}}\n"
    (desk / "odd.yaml").write_text(text)
    (fault,) = refused(called("contract", "show", "odd.yaml"), desk, tree(desk))
    assert f"series.x: a series is not counted in {unit}; did you mean {meant}. Fix" in fault
    (desk / "odd.yaml").write_text(text.replace(f": {unit}}}", f": '[{unit}]'}}"))
    told = called("contract", "needs", "odd.yaml", "--json")
    assert json.loads(told.out)["series"] == {"x": unit}


def test_thousands_of_digits_are_not_repeated(called, desk, refused, tree):
    digits = "9" * 10_000
    (desk / "odd.yaml").write_text(f"gridpact: contract/1\ntitle: {digits}\nproduct: {digits}\n")
    for words in (("show", "odd.yaml"), ("new", "swing", f"limit={digits}", f"notice={digits}")):
        for fault in refused(called("contract", *words), desk, tree(desk)):
            assert "9" * 50 not in fault


def test_an_empty_file_is_told_how_contracts_begin(called, desk, refused, tree):
    (desk / "odd.yaml").write_text("")
    (fault,) = refused(called("contract", "show", "odd.yaml"), desk, tree(desk))
    assert fault.endswith("Fix: begin with a line such as gridpact: contract/1.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without /dev/full")
@pytest.mark.parametrize("words", [("list",), ("show", "roof.yaml"), ("--help",)], ids=" ".join)
def test_a_full_standard_output_is_told_in_one_line(desk, words):
    code = "from gridpact.app.cli import main; main()"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            [sys.executable, "-c", code, "contract", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
    assert (told.returncode, told.stderr.count("\n")) == (3, 1)
    assert "No space left" in told.stderr


def test_what_flows_back_is_explained_where_it_is_shown(called, desk):
    words = ("contract", "price", "virtual-ppa.yaml", "--on", "virtual-ppa.csv", "--by")
    note = "a negative amount flows from payee to payer"
    for by in ("total", "day", "slot"):
        body, _, _ = called(*words, by).out.partition("\n\nparty ")
        shown = re.search(r"\s-\d", body) is not None
        assert (note in called(*words, by).out) == shown
