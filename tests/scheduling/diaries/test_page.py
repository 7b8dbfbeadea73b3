"""The page on diaries: its example prints what it shows, its diary is one, its words are known."""

import re
from pathlib import Path

import pytest

from gridpact.scheduling.diaries.document import canonical
from gridpact.scheduling.diaries.instructions import Verb
from gridpact.scheduling.diaries.modes import Status
from gridpact.scheduling.diaries.reasons import Kind
from gridpact.scheduling.diaries.schema import read_diary

PAGE = (Path(__file__).parents[3] / "docs" / "diaries.md").read_text("utf-8")
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def fences():
    return {found["kind"]: found["body"] for found in FENCE.finditer(PAGE)}


def test_the_example_prints_what_is_shown(fences, capsys):
    exec(fences["python"], {})  # noqa: S102 - the page's own code
    assert capsys.readouterr().out == fences["text"]


def test_the_diary_shown_is_one(fences):
    diary = read_diary(fences["json"].encode())
    assert read_diary(canonical(diary)) == diary
    assert {entry.reason.kind for entry in diary.entries} == {"need", "limit", "price"}


def table(head):
    """First column of the table that begins so."""
    rows = PAGE.split(head)[1].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def test_the_tables_name_every_verb_reason_and_state():
    assert table("| verb | meaning |") == [verb.words for verb in Verb]
    reasons = [one for row in table("| reason | applies where |") for one in row.split(", ")]
    assert reasons == [kind.name.lower() for kind in Kind]
    states = table("| state | when | carried out | next solve |")
    assert {one.replace(" ", "_").upper() for one in states} == {one.name for one in Status}
