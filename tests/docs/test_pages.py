"""What the documentation repeats from elsewhere is what is there."""

import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree

import pytest

from gridpact import __version__
from gridpact.app.vocabulary import VOCABULARY
from gridpact.kernel.codec import tag_of
from gridpact.kernel.phases import Phase

MACHINE = re.compile(r"(?<![\w.:/])/(?:work|root|home|mnt|Users|opt)/|[A-Z]:\\\\")


def test_what_scripts_write_is_current(generated):
    # in a process of its own: click keeps a command's help option as it was first asked for
    command = [sys.executable, generated.__file__, "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_message_is_in_the_nomenclature(texts, blocks):
    table = blocks.block(texts["docs/nomenclature.md"], "messages")
    assert [tag_of(kind) for kind in VOCABULARY] == re.findall(r"^\| \[`([a-z-]+)`\]", table, re.M)


def test_phases_are_listed_in_their_order(texts):
    listed = ", ".join(phase.name.lower() for phase in sorted(Phase))
    assert listed in " ".join(texts["docs/nomenclature.md"].split())


def test_the_walk_tells_messages_that_exist(texts):
    tags = {tag_of(kind) for kind in VOCABULARY}
    told = set(re.findall(r"`([a-z]+-[a-z-]+)`", texts["docs/walk.md"]))
    assert told - tags == set()
    asked = {"readings-received", "place-order", "orders-placed", "schedule-solved", "day-settled"}
    assert asked <= told


def test_the_picture_of_the_loop_is_well_formed_and_names_messages_that_exist(root):
    picture = ElementTree.parse(root / "docs" / "loop.svg")  # noqa: S314 - our own file
    tags = {tag_of(kind) for kind in VOCABULARY}
    named = [
        node.text
        for node in picture.iter("{http://www.w3.org/2000/svg}text")
        if node.get("class") == "message"
    ]
    assert len(named) == 10
    assert set(named) <= tags


def test_the_changelog_has_the_current_version(root, texts):
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__
    assert f"\n## {__version__}\n" in texts["CHANGELOG.md"]


def test_no_page_mentions_a_machine(texts):
    found = [
        f"{page}: {line}"
        for page, text in texts.items()
        for line in text.splitlines()
        if MACHINE.search(line)
    ]
    assert found == []
    assert MACHINE.search("see /root/x")


def test_the_licence_is_the_one_declared(root):
    licence = (root / "LICENSE").read_text("utf-8")
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License\n" in licence
    assert "Version 2.0, January 2004" in licence


def decisions(texts):
    return {name: text for name, text in texts.items() if re.search(r"decisions/\d{4}-", name)}


def test_decisions_are_numbered_listed_and_of_one_form(texts):
    found = decisions(texts)
    assert len(found) >= 9
    for place, (name, text) in enumerate(sorted(found.items()), start=1):
        file = name.rpartition("/")[2]
        assert file.startswith(f"{place:04}-")
        assert text.startswith(f"# {place:04} ")
        assert f"({file})" in texts["docs/decisions/README.md"]
        headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], name


def test_every_library_has_its_licence_and_reason(root, texts):
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    needed = [re.split(r"[<>=\[]", name)[0] for name in project["project"]["dependencies"]]
    rows = re.findall(r"^\| ([\w-]+) \| [^|]+ \| [^|]+ \| [^|]+ \|$", _libraries(texts), re.M)
    assert sorted(rows[1:]) == sorted(needed)


def _libraries(texts):
    return next(text for name, text in texts.items() if "0009-" in name)


def test_figures_are_complete_and_agree_with_each_other(texts, blocks, figures):
    inside = blocks.block(texts["README.md"], "figures")
    rows = re.findall(
        r"^\| ([\d,]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| (\d+) \|$", inside, re.M
    )
    found = [(int(homes.replace(",", "")), *map(float, rest)) for homes, *rest in rows]
    assert tuple(row[0] for row in found) == figures.HOMES
    for homes, run, each, replay, ratio in found:
        assert run > replay > 0
        assert each == pytest.approx(1000 * run / homes, abs=0.05 + 60 / homes)
        assert ratio == pytest.approx(run / replay, rel=0.1, abs=1)


def test_figures_are_read_from_what_the_benchmark_prints(figures):
    printed = (
        "  homes   run CPU s   ms/home  growth  replay CPU s  run/replay  peer/run\n"
        "    100        1.53     15.26                 0.100        15.2       118\n"
        "  1,000       14.80     14.80  ×9.7 for ×10         0.521        28.4       122\n"
    )
    found = figures.figures(printed)
    assert found == [(100, 1.53, 0.1), (1000, 14.8, 0.521)]
    assert "| 1,000 | 14.8 | 14.8 | 0.52 | 28 |" in figures.table(found, "here")


def test_a_block_that_is_missing_or_doubled_is_found(blocks):
    page = "<!-- begin a (x) -->\nold\n<!-- end a -->\n"
    assert blocks.with_block(page, "a", "new\n") == page.replace("old", "new")
    for text in ("nothing", page * 2):
        with pytest.raises(ValueError, match="blocks named a"):
            blocks.block(text, "a")
