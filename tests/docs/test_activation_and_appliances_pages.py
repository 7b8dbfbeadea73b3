"""The pages of appliances and of activation: their code runs, and prints what is shown."""

import re
import runpy

import pytest

PAGES = ("docs/appliances.md", "docs/activation.md")
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
TEXT = re.compile(r"^```text\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def example(root):
    return runpy.run_path(str(root / "examples" / "appliances" / "working.py"))


@pytest.mark.parametrize("name", PAGES)
def test_examples_print_what_the_page_shows(name, texts, capsys):
    found, space = BLOCK.findall(texts[name]), {}
    assert len(found) == texts[name].count("```python")
    assert all(shown for _, shown in found)
    for code, shown in found:
        exec(compile(code, name, "exec"), space)  # noqa: S102 - our own pages
        assert capsys.readouterr().out == shown


def test_the_example_of_appliances_prints_what_the_page_shows(example, texts, capsys):
    example["main"]([])
    assert TEXT.findall(texts["docs/appliances.md"])[-1] == capsys.readouterr().out


def test_each_programme_is_the_best_under_its_own_distribution(example):
    for carried in (False, True):
        costs = example["patterns"](example["price_levels"](), carried)
        own, other = ("carried over", "taken as new")[:: 1 if carried else -1]
        mean = {name.rpartition("errors ")[2]: cost for name, cost in costs.items()}
        best = mean.pop(own)
        known = mean.pop("prices known beforehand")
        expected = mean.pop("expected by the programme")
        assert known < best < min(mean.values())
        assert mean[other] > best
        assert best == pytest.approx(expected, rel=0.004)  # two standard errors of 4,000 days


def test_the_example_draws_its_histograms(example, tmp_path):
    example["main"](["--plot", str(tmp_path / "histograms.svg")])
    picture = (tmp_path / "histograms.svg").read_text("utf-8")
    assert all(f"{name}, lead {lead}" in picture for name in ("update", "error") for lead in (1, 3))
