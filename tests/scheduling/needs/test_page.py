"""The page on needs: its example runs and prints what it shows, its sentences read, its grammar
is the code's.
"""

import re
from pathlib import Path

import pytest

from gridpact.scheduling.needs.grammar.ebnf import GRAMMAR
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.needs.grammar.write import sentence
from gridpact.scheduling.needs.model import KINDS

PAGE = (Path(__file__).parents[3] / "docs" / "needs.md").read_text("utf-8")
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def fences():
    return {found["kind"]: found["body"] for found in FENCE.finditer(PAGE)}


def test_the_example_prints_what_is_shown(fences, capsys):
    exec(fences["python"], {})  # noqa: S102 - the page's own code
    assert capsys.readouterr().out == fences["text"]


def test_the_grammar_is_that_of_the_code(fences):
    assert fences["ebnf"] == GRAMMAR


def test_every_sentence_of_the_table_reads_and_every_kind_has_one(said):
    told = re.findall(r"^\| [^|]*\| `([^`]+)` \|", PAGE, re.MULTILINE)
    needs = [parse(text, said.context) for text in told]
    assert {type(need) for need in needs} == set(KINDS)
    for need in needs:
        assert parse(sentence(need), said.context) == need
