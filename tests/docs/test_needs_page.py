"""The page on needs: the refusals that it shows are the ones given, and what it promises holds."""

import re

import pytest

from gridpact.app.cli.commands import run_command
from gridpact.scheduling.needs.model import KINDS


@pytest.fixture(scope="module")
def page(texts):
    return texts["docs/needs.md"]


@pytest.fixture(scope="module")
def shown(page):
    """Blocks of text of the section on runs, in order."""
    section = page.partition("## In a run")[2].partition("\n## ")[0]
    return re.findall(r"^```text\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def waiting(root, tmp_path_factory):
    """The run that the page uses, as it waits."""
    folder = tmp_path_factory.mktemp("needs") / "needs"
    small = str(root / "examples" / "small.yaml")
    words = ["run", small, "--until", "2026-06-14T12:50", "--out", str(folder), "-q"]
    assert run_command(words) == 0
    return str(folder)


def test_a_sentence_that_does_not_read_is_shown_with_its_place(shown, waiting, capsys):
    words = ["need", "add", waiting, "battery >= 80 by 20:00", "--owner", "home-07"]
    assert run_command(words) == 2
    assert capsys.readouterr().err == shown[0]


def test_a_need_that_no_plan_holds_is_refused_as_shown(shown, waiting, capsys):
    words = ["need", "add", waiting, "heating 20..22 C 06:00-22:00", "--owner", "home-05"]
    assert run_command(words) == 1
    assert capsys.readouterr().out == shown[1]


def test_the_page_says_of_every_kind_what_it_does_to_a_run(page):
    section = page.partition("## In a run")[2].partition("\n## ")[0]
    rows = " ".join(re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]+ \|$", section, re.MULTILINE))
    tags = {kind.__struct_config__.tag for kind in KINDS} - {"intervention"}
    assert {tag for tag in tags if tag.replace("-", " ") not in rows} == set()
    assert {"stop", "off"} <= set(re.split(r"[ ,]+", rows))
