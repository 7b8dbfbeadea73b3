"""The page on diaries: its example prints what it shows, its diary is one, its words are known."""

import pytest

from gridpact.scheduling.diaries.document import canonical
from gridpact.scheduling.diaries.instructions import Verb
from gridpact.scheduling.diaries.modes import Status
from gridpact.scheduling.diaries.reasons import Kind
from gridpact.scheduling.diaries.schema import read_diary


@pytest.fixture(scope="module")
def page(read_page):
    return read_page("diaries.md")


def test_the_example_prints_what_is_shown(page):
    ((code, shown),) = page.examples
    assert page.run(code) == shown


def test_the_diary_shown_is_one(page):
    (shown,) = page.of("json")
    diary = read_diary(shown.encode())
    assert read_diary(canonical(diary)) == diary
    assert {entry.reason.kind for entry in diary.entries} == {"need", "limit", "price"}


def table(page, head):
    """First column of the table that begins so."""
    rows = page.text.split(head)[1].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def test_the_tables_name_every_verb_reason_and_state(page):
    assert table(page, "| verb | meaning |") == [verb.words for verb in Verb]
    reasons = [one for row in table(page, "| reason | applies where |") for one in row.split(", ")]
    assert reasons == [kind.name.lower() for kind in Kind]
    states = table(page, "| state | when | carried out | next solve |")
    assert {one.replace(" ", "_").upper() for one in states} == {one.name for one in Status}
