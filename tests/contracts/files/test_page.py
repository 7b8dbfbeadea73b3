"""What docs/contract-files.md shows is read, and everything that is read is on it."""

import re
from pathlib import Path

import pytest

from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.files import read_contract, write_contract
from gridpact.contracts.files.building import Meaning, build
from gridpact.contracts.files.clauses import Clauses
from gridpact.contracts.files.grammar import parse_expression
from gridpact.contracts.files.syntax import FUNCTIONS
from gridpact.contracts.formulas import decision
from gridpact.contracts.observables import Series

PAGE = (Path(__file__).parents[3] / "docs" / "contract-files.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
FILES = [text for kind, text in BLOCKS if kind == "yaml"]
NAMES = {
    "load": Meaning(Series("load", "Wh")),
    "generation": Meaning(Series("generation", "Wh")),
    "spot": Meaning(Series("spot", "micro/kWh")),
    "exercise": Meaning(decision("exercise", "a", 0)),
}


def blocks(kind):
    return [text for each, text in BLOCKS if each == kind]


@pytest.mark.parametrize("text", FILES)
def test_every_file_on_the_page_is_read_and_written(text):
    contract = read_contract(text).contract
    assert to_bytes(read_contract(write_contract(contract)).contract) == to_bytes(contract)


def test_every_expression_on_the_page_holds():
    (text,) = blocks("expressions")
    for line in text.splitlines():
        found, faults = build(parse_expression(line), NAMES)
        assert found.value is not None, (line, faults)


def test_the_python_on_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (text,) = blocks("python")
    exec(compile(text, "contract-files.md", "exec"), {})  # noqa: S102 - our own page
    assert (tmp_path / "contract.yaml").exists()


def test_every_function_and_every_clause_is_on_the_page():
    for signature in FUNCTIONS.values():
        assert f"| `{signature.usage}` |" in PAGE
    for kind in Clauses({}, {}, {}).kinds:
        assert f"| `{kind}` |" in PAGE


def test_amounts_on_the_page_are_read():
    table = re.findall(r"^\| (`[^|]*`) \| (?:Energy|A price|Money|A share, |A temp)", PAGE, re.M)
    written = [text for row in table for text in re.findall(r"`([^`]*)`", row)]
    assert len(written) == 17
    for text in written:
        assert build(parse_expression(text), {})[0].value is not None, text
