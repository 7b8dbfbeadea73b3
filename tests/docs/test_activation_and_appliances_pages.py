"""The pages of appliances and of activation: their code runs, and prints what is shown."""

import runpy

import pytest


@pytest.fixture(scope="module")
def example(root):
    return runpy.run_path(str(root / "examples" / "appliances" / "working.py"))


@pytest.mark.parametrize("name", ["appliances.md", "activation.md"])
def test_examples_print_what_the_page_shows(name, read_page):
    page, space = read_page(name), {}
    assert page.examples
    for code, shown in page.examples:
        assert page.run(code, space) == shown
        assert shown


def test_the_example_of_appliances_prints_what_the_page_shows(example, read_page, capsys):
    example["main"]([])
    assert read_page("appliances.md").of("text")[-1] == capsys.readouterr().out


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
