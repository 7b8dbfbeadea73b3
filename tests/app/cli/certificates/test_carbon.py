"""CO₂ of a disclosure: by figures that somebody published, and by no others."""

import json
from fractions import Fraction

import pytest

DAY = ("--period", "2026-03-29")


@pytest.fixture
def told(lane):
    """A register in which 8 kWh were used up; ``statement`` states the bakery's sources."""
    issue = (*DAY, "--readings", "store", "--at", "2026-04-03T12:00")
    assert lane.run("issue", *issue).code == 0
    use = ("--from", "school", "--energy", "8kWh", "--for", "bakery", "--purpose", "supply")
    assert lane.run("cancel", *use, *DAY, "--at", "2026-04-04T09:00").code == 0
    mix = lane.folder / "rules" / "residual-mix.yaml"

    def statement(*changes, form="--json"):
        text = mix.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        mix.write_text(text, "utf-8")
        words = ("--member", "bakery", *DAY, "--readings", "store", "--mix", mix)
        return lane.run("statement", *words, *((form,) if form else ()))

    return statement


@pytest.mark.parametrize(
    ("residual", "solar"), [("512.3", "0"), ("0.001", "41.25"), ("999999.999", "0.5")]
)
def test_grams_are_energy_times_figures_rounded_once(told, residual, solar):
    done = told(("residual: 512.3", f"residual: {residual}"), ("solar: 0", f"solar: {solar}"))
    found = json.loads(done.out)
    exact = (Fraction(82_435 - 8_000) * Fraction(residual) + 8_000 * Fraction(solar)) / 1000
    assert found["co2_g"] == round(exact)
    assert found["co2_source"] == "Figures of CO2, made up for the example, of 2026-05-31"


def test_no_figure_is_told_where_none_was_published(told):
    text = told(form="").out
    assert "co2            38.133 kg" in text
    figures = "co2: # grams per kWh, with who published them and when\n"
    source = "  source: Figures of CO2, made up for the example\n  date: 2026-05-31\n"
    done = told((f"{figures}{source}  residual: 512.3\n  guaranteed: {{solar: 0}}\n", ""))
    assert "co2_g" not in json.loads(done.out)


def test_a_source_without_a_figure_is_refused(told):
    done = told(("guaranteed: {solar: 0}", "guaranteed: {wind: 0}"))
    assert (done.code, done.out) == (2, "")
    assert "co2.guaranteed: solar has no figure" in done.err


def test_every_fault_of_the_figures_is_told(told):
    done = told(
        ("  source: Figures of CO2, made up for the example\n", ""),
        ("date: 2026-05-31", "date: spring"),
        ("residual: 512.3", "residual: much"),
        ("{solar: 0}", "{solar: -1}"),
    )
    assert (done.code, done.out) == (2, "")
    assert "4 faults; nothing was changed" in done.err
