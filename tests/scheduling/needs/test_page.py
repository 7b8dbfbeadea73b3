"""The page on needs: its example runs and prints what it shows, its sentences read, its grammar
is the code's.
"""

import re

import pytest

from gridpact.scheduling.needs.grammar.ebnf import GRAMMAR
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.needs.grammar.write import sentence
from gridpact.scheduling.needs.model import KINDS


@pytest.fixture(scope="module")
def page(read_page):
    return read_page("needs.md")


def test_the_example_prints_what_is_shown(page):
    ((code, shown),) = page.examples
    assert page.run(code) == shown


def test_the_grammar_is_that_of_the_code(page):
    assert page.of("ebnf") == [GRAMMAR]


def test_every_sentence_of_the_table_reads_and_every_kind_has_one(page, said):
    told = re.findall(r"^\| [^|]*\| `([^`]+)` \|", page.text, re.MULTILINE)
    needs = [parse(text, said.context) for text in told]
    assert {type(need) for need in needs} == set(KINDS)
    for need in needs:
        assert parse(sentence(need), said.context) == need
