"""The guide to contracts: its Python runs and prints what it shows, its files are the files."""

import ast

import pytest

from gridpact.app.cli.commands import run_command


@pytest.fixture(scope="module")
def page(read_page):
    return read_page("contracts.md")


def test_the_contract_by_hand_is_the_example(root, page):
    (shown,) = page.of("yaml")
    assert shown == (root / "examples" / "contracts" / "roof.yaml").read_text("utf-8")


def test_the_new_product_settles_and_shows_its_term_sheet(root, page, monkeypatch):
    monkeypatch.chdir(root)
    space = {}
    assert "".join(page.run(code, space) for code, _ in page.examples) == page.examples[-1][1]


def test_the_new_product_is_written_in_ten_lines(page):
    code = page.of("python")[0]
    (product,) = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    assert product.end_lineno - product.lineno + 1 <= 10


def test_the_new_product_pays_what_a_loop_pays(root, page, monkeypatch):
    """The rebate worked by a loop over the rows of the table, with no code of the algebra."""
    monkeypatch.chdir(root)
    space = {}
    for code in page.of("python"):
        page.run(code, space)
    world, slots = space["world"], space["slots"]
    paid, used, today = 0, 0, None
    for start, load, spot, roof in zip(
        slots.starts().tolist(),
        *(world[name].tolist() for name in ("metered:load", "spot", "temperature:roof")),
        strict=True,
    ):
        day = (start + 2 * 3600) // 86400  # summer time in Berlin
        used = used if day == today else 0
        today = day
        if roof >= 320_000:
            counted = max(min(load, 9_000 - used), 0)
            used += load
            paid += counted * round(spot * 200_000 / 1_000_000)
    flows = space["cashflows"](space["contract"], world, slots)
    assert paid > 0
    assert flows["solar-park", "bakery", "EUR", "rebate"].sum() == paid


def test_the_refusal_shown_is_the_one_given(root, page, tmp_path, monkeypatch, capsys):
    contract = root / "examples" / "contracts" / "virtual-ppa.yaml"
    rows = [f"2026-06-15T{hour:02}:00Z,1,2" for hour in range(12)]
    rows[7] = rows[7].replace(",1,", ",nan,")
    head = "slot_start,metered:generation,spot [EUR/MWh]"
    (tmp_path / "june.csv").write_text("\n".join([head, *rows, ""]))
    monkeypatch.chdir(tmp_path)
    assert run_command(["contract", "price", str(contract), "--on", "june.csv"]) == 2
    assert capsys.readouterr().err.split() == page.of("text")[0].split()
